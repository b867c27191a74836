"""The archive of policies with their ratings, scenarios, outcomes and prompts, and the index over it.

May import from `aurora.sim`.
"""
