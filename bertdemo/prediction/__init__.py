"""Texts in, probabilities out."""
