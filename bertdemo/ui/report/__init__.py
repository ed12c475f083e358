"""The report of a run: one module a section."""
