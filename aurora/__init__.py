"""AURORA learns how to allocate resources by playing against itself, and explains what it does."""

__version__ = "0.1.0"
