"""What the pages share: cached handles, pickers, and the one place that shows errors."""
