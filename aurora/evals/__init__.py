"""Benchmarks against published references, and reports.

May import from everything but the command line.
"""
