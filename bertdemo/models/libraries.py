"""The libraries that answers are made of, imported by one thread for all.

Python puts a module into ``sys.modules`` before it is whole, and libraries look there for one another: SciPy and
scikit-learn ask the torch that they find for ``Tensor``, although another thread may still be importing it. And where
two threads import modules that import each other, Python hands one of them a module that is not finished.
"""

from __future__ import annotations

import importlib
import threading

_GATE = threading.Lock()
# torch first: transformers' lazy names look at what of it is there.
_NAMES = ("AutoConfig", "AutoTokenizer", "AutoModel", "AutoModelForSequenceClassification")


def load_libraries() -> None:
    """Import torch and transformers. Whoever asks while another thread does so waits until they are whole."""
    with _GATE:
        importlib.import_module("torch")
        transformers = importlib.import_module("transformers")
        for name in _NAMES:
            getattr(transformers, name)
