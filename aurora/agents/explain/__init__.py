"""Puts explanations into words: of decisions, of waiting tasks and of whole runs.

May import `aurora.sim`; nothing else of `aurora.agents`.
"""
