"""Readers of real systems: each makes a `Snapshot` of what it is given, and notes what it changed or left out.

May import the snapshot's modules and `aurora.learning.series`; a reader never changes what it reads.
"""
