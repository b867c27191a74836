"""Rivals of the learned agents: random search, greedy, hill climbing, exhaustive search, Bayesian optimisation."""
