"""The page Plans: the list with a form, and one plan with what may be done with it."""

from aurora.web.pages.plans.page import add

__all__ = ["add"]
