"""Runs a pipeline as a service: worker processes, batches with a deadline, swaps without downtime, rollback."""
