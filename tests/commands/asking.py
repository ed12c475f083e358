"""The text that commands about one text are asked about."""

TEXT = "the coffee was cold"
