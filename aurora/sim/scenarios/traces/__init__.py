"""Readers of public traces, and the scenarios that published experiments build from them.

A trace file is data from outside: whatever is wrong with it ends in a `DataError` that names the
file, the line and the field. Nothing here is AURORA's to pass on, so no trace is part of the package.
"""
