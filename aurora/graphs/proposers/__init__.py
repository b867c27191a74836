"""The two players of self-play: the protocols that propose scenarios and policies, by search, by a model, or both.

May import from `aurora.agents`.
"""
