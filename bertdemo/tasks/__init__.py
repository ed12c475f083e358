"""Work that outlives a click: a folder, a place in the queue and a process of its own. Knows nothing of training."""
