"""Base models: which there are, how they are loaded, and what hardware they run on.

torch and transformers are imported by one thread for all. Python puts a module into ``sys.modules`` before it is whole,
and libraries look there for one another: SciPy and scikit-learn ask the torch that they find for ``Tensor``, although
another thread may still be importing it. And where two threads import modules that import each other, Python hands one
of them a module that is not finished.
"""

from __future__ import annotations

import importlib
import threading

_IMPORTING = threading.Lock()
# What transformers loads when it is first asked for.
_NAMES = ("AutoConfig", "AutoTokenizer", "AutoModel", "AutoModelForSequenceClassification")


def load_libraries() -> None:
    """Import torch and transformers. Whoever asks while another thread does so waits until they are whole."""
    with _IMPORTING:
        importlib.import_module("torch")  # first: transformers' lazy names look at what of it is there
        transformers = importlib.import_module("transformers")
        for name in _NAMES:
            getattr(transformers, name)
