"""Identifies expert accounts and clones their decisions, then fine-tunes the clone by reinforcement.

May import `aurora.learning.accounts`.
"""
