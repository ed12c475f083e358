"""Explain, attention: every head, one head word by word, and what becomes without them."""
