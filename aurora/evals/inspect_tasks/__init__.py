"""Evaluations as tasks and logs of Inspect, an optional extra."""
