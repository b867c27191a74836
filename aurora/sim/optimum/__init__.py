"""Options of a task, constraints of a plan, lower bounds and exact solutions of a scenario.

May import `aurora.sim.kernel` and what is below it.
"""
