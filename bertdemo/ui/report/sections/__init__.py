"""The questions of a report, one file each (or two that share much): a ``Section`` in this folder is drawn."""
