"""The checks of measured series, and their repair: counters, irregular times, gaps, outliers.

May import the types of `aurora.learning.series`.
"""
