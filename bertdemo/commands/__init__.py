"""The app's powers as commands: one file each, which adds its arguments and does its work."""
