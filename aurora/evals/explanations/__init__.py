"""Benchmarks of explanations: sampled decisions, false claims and false wording."""
