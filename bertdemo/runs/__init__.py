"""A run is a process and a folder: the records, the queue, and the backend that starts the process."""
