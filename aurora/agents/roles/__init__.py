"""The agents that a model plays: attacker, defender and explainer, with their answers and briefings.

May import every other part of `aurora.agents`.
"""
