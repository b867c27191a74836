"""Scenarios: their types, their specifications, generated families, what-if changes and public traces.

May import `aurora.validation`.
"""
