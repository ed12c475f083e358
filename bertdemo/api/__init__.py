"""Predictions over HTTP, beside the app in the same process."""
