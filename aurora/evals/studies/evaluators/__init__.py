"""Evaluators: the same function for many items, on threads, processes or Ray actors, with the same results."""
