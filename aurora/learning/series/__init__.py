"""Reads measured series from files and Prometheus, checks and repairs them.

May import `aurora.learning.tables`.
"""
