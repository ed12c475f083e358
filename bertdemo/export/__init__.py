"""Classifiers for use elsewhere: files that say what they are and need nothing of this project."""
