"""Explanations of a simulation: decisions and what would flip them, waiting, late and unplaced tasks, checkable claims.

May import `aurora.sim.kernel` and what is below it.
"""
