"""Base models: which there are, how they are loaded, and what hardware they run on."""
