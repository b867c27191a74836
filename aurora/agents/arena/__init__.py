"""Sources of scenarios, and the evaluation of policies on them.

May import `aurora.sim` and `aurora.memory`.
"""
