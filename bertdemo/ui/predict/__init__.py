"""Predict: one text or many."""
