"""Fine-tuning: the recipe, the encoding of texts into batches, and the loop."""
