"""How good a classifier is, with intervals, and against an honest baseline."""
