"""Tools of agents: each a typed function over `sim`, `learning` and `memory`, and the harness that runs them.

May import from `aurora.sim`, `aurora.learning` and `aurora.memory`. Nothing here calls a model.
"""
