"""Turns true sentences into false ones, by kind of falsehood.

It edits texts: it knows nothing of how sentences are read back, so that it can test that.
"""

from aurora.evals.explanations.mutations.kinds import MUTATORS, mutants
from aurora.evals.explanations.mutations.sentence import Falsehood, Said

__all__ = ["MUTATORS", "Falsehood", "Said", "mutants"]
