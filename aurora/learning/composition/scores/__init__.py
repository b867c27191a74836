"""Scores of pipelines: accuracy, latency under load and cost, and the reward that weighs them."""
