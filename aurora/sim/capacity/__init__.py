"""Simulates capacity plans over thousands of sampled futures and chooses among them.

May import `aurora.sim.kernel` and what is below it.
"""
