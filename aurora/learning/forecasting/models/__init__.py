"""The forecasting models: the protocol `Member`, the table of members, and their implementations.

May import windows, features and metrics of `aurora.learning.forecasting`.
"""
