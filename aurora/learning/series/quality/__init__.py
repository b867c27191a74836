"""Checks and repairs measured series: counters, irregular times, gaps, outliers.

May import the types of `aurora.learning.series`.
"""
