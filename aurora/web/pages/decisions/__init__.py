"""The page Decisions: a run over time, one decision with its terms, and what would have changed it."""

from aurora.web.pages.decisions.page import add

__all__ = ["add"]
