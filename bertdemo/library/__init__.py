"""The front door: what ``import bertdemo`` offers, over the rooms that do the work."""
