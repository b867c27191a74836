"""The possible in a scenario: options of a task, constraints, lower bounds and exact solutions.

May import `aurora.sim.kernel` and what is below it.
"""
