"""Reads tables of text and Parquet: columns, numbers in any notation, and times in any form.

May import `aurora.reading` and what is below it.
"""
