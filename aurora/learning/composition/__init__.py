"""Composition of inference applications: catalogue, pipelines, and what finds, runs and adapts them.

May import `aurora.learning.rl` and `aurora.learning.experiments`; nothing else of `aurora.learning`.
"""
