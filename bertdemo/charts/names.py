"""The names of series, shared by those who make rows and those who draw them."""

LOSSES = ("training (smoothed)", "validation")
BATCH = "one training batch"
SCORES = ("macro-F1", "accuracy")
MODELS = ("BERT", "bag of words")
CERTAINTY = ("as it answers", "before temperature scaling")
THRESHOLDED = ("right among the answered", "answered")
CELL = "cell"  # the selection of the confusion matrix
ORDERS = ("in the order of the scores", "in random orders")
POINT = "point"  # the selection of the map of texts
