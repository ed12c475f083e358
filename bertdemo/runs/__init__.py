"""A run is a process and a folder: the folder's records, the queue, and the backend that starts the process."""
