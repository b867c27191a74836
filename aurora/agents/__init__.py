"""Who proposes: attackers write scenarios, defenders write policies, by search or with a model.

May import from `aurora.sim`, `aurora.learning`, `aurora.memory`, `aurora.tools` and `aurora.prompts`.
"""
