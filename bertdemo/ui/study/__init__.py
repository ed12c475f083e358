"""Explain: from one text to the class."""
