"""Benches of the four roles whose prompts evolve."""
