"""Repeated trials of a model: how often it succeeds once, at least once, and every time."""
