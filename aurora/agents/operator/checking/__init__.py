"""Checks every sentence of an operator's answer against the evidence that it cites."""

from aurora.agents.operator.checking.sentences import check_answer

__all__ = ["check_answer"]
