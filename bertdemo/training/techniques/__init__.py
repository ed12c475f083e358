"""The training techniques, a class and a file each; ``recipe.TECHNIQUES`` finds them."""
