"""What is kept: policies with their ratings, scenarios, outcomes, prompts, runs, and the index over them.

May import from `aurora.sim`.
"""
