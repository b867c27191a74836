"""Reads systems from two tables, nodes and tasks: headings and units are guessed, for a person to confirm."""

from aurora.cluster.readers.tables.guess import Column, TableGuess, guess_tables
from aurora.cluster.readers.tables.read import read_tables, template

__all__ = ["Column", "TableGuess", "guess_tables", "read_tables", "template"]
