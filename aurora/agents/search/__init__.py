"""Proposes scenarios and policies by search, without a model.

May import `aurora.agents.arena`.
"""
