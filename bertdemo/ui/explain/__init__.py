"""Explain: attributions of one text, and tests of them."""
