"""Records in, ``altair.Chart`` out; nothing is computed here that a person would call a result."""
