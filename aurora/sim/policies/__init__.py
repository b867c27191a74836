"""Policies: the features and expressions of their language, their compilation, and the reference policies.

May import `aurora.sim.scenarios`.
"""
