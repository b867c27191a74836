"""Samples future demand, and chooses capacity whose promised risk is calibrated on back-tests.

May import `aurora.learning.forecasting` and `aurora.learning.series`.
"""
