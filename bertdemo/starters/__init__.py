"""The classifiers that come with the app, as run folders without texts; ``python -m bertdemo.starters`` makes them."""
