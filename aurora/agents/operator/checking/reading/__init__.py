"""Reads the clauses of a sentence in full, and evaluates each over the records of the cited evidence."""

from aurora.agents.operator.checking.reading.sentences import Verdict, is_read, read_sentence

__all__ = ["Verdict", "is_read", "read_sentence"]
