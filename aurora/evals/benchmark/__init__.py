"""Benchmarks of policies: suites of scenarios, rivals, learned policies, and the table that compares them."""
