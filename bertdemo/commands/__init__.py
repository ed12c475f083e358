"""The app's powers as commands: each adds its arguments to the parser, and does its work."""
