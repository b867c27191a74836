"""Controlled experiments on recommendations: registration, measurements, sequential tests and power.

May import `aurora.learning.tables`; nothing else of `aurora.learning`.
"""
