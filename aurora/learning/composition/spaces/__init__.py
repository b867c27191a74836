"""Spaces: every pipeline of a task, scored; their optima, Pareto sets and slopes."""
