"""bertdemo: fine-tune a BERT text classifier, watch it learn, and judge it honestly.

The package is the library underneath the app: every screen is a call into it and every call is also a command
(``python -m bertdemo``). Importing it does nothing: no folder is made, no network is used, no model is loaded.
"""

__version__ = "0.1.0"
