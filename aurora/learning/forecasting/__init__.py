"""Forecasts series as quantiles: models, their combination, calibration, back-tests and champions.

May import `aurora.learning.series`.
"""
