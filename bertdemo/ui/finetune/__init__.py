"""Fine-tune: choose data, check it, choose a recipe, start, watch."""
