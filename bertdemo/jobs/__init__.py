"""A job predicts a table of texts with a run: a process and a folder, as a run is, that goes on where it was killed."""
