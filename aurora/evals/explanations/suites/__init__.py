"""Suites that measure explanations, each a module with a `SUITE`; `aurora.evals.explanations.evaluation` runs them."""
