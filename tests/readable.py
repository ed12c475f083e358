"""Texts of which a BERT that lowercases can read something, told by Unicode's tables and not by a tokenizer."""

import unicodedata

# Controls, invisible marks, what is private or not assigned, accents alone, and white space: BERT leaves them out.
_LEFT_OUT = ("Cc", "Cf", "Co", "Cn", "Cs", "Mn", "Zs", "Zl", "Zp")


def is_readable(text: str) -> bool:
    """Characters that Unicode has not assigned (Cn) are judged by the tables of this Python, which may be old."""
    return any(unicodedata.category(each) not in _LEFT_OUT and each != "\ufffd" for each in text)
