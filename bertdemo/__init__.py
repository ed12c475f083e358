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
    from bertdemo.library.classifier import Classifier, load
    from bertdemo.library.data import load_data
    from bertdemo.library.results import Attention, Explanation, Prediction, Predictions
    from bertdemo.library.run import Run, fine_tune

__version__ = "0.2.0"
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
    "Attention": "bertdemo.library.results",
    "BertDemoError": "bertdemo.errors",
    "Classifier": "bertdemo.library.classifier",
    "Dataset": "bertdemo.data.dataset",
    "Explanation": "bertdemo.library.results",
    "Prediction": "bertdemo.library.results",
    "Predictions": "bertdemo.library.results",
    "Run": "bertdemo.library.run",
    "fine_tune": "bertdemo.library.run",
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
