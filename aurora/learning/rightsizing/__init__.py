"""Recommends what an account should rent, with savings, risks and a plan that can be undone.

May import `aurora.learning.experts` and `aurora.learning.accounts`.
"""
