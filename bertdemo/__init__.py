"""bertdemo: fine-tune a BERT text classifier, watch it learn, and judge it honestly.

From Python::

    import bertdemo

    run = bertdemo.fine_tune(bertdemo.load_data("sms_spam"), "quick")
    classifier = bertdemo.load(run)
    classifier.predict("Text WIN to 80800").label
    classifier.explain("Text WIN to 80800").to_frame()

The names in ``__all__`` are the library; all other modules are private and may change. Everything that a page does is a
command as well (``python -m bertdemo``). Importing this does nothing: no folder is made, no network is used, no model
is loaded; torch is imported with the first name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.errors import BertDemoError
    from bertdemo.library.attention import Attention
    from bertdemo.library.classifier import Classifier, load
    from bertdemo.library.data import load_data
    from bertdemo.library.explanation import Explanation
    from bertdemo.library.prediction import Prediction, Predictions
    from bertdemo.library.run import Run
    from bertdemo.library.training import fine_tune

__version__ = "0.1.0"
__all__ = [
    "Attention",
    "BertDemoError",
    "Classifier",
    "Dataset",
    "Explanation",
    "Prediction",
    "Predictions",
    "Run",
    "fine_tune",
    "load",
    "load_data",
]

_PLACES = {
    "Attention": "bertdemo.library.attention",
    "BertDemoError": "bertdemo.errors",
    "Classifier": "bertdemo.library.classifier",
    "Dataset": "bertdemo.data.dataset",
    "Explanation": "bertdemo.library.explanation",
    "Prediction": "bertdemo.library.prediction",
    "Predictions": "bertdemo.library.prediction",
    "Run": "bertdemo.library.run",
    "fine_tune": "bertdemo.library.training",
    "load": "bertdemo.library.classifier",
    "load_data": "bertdemo.library.data",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is first asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module 'bertdemo' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
