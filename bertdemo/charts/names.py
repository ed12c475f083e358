"""The names of series, shared by those who make rows and those who draw them."""

LOSSES = ("training (smoothed)", "validation")
BATCH = "one training batch"
SCORES = ("macro-F1", "accuracy")
MODELS = ("BERT", "word counting")
