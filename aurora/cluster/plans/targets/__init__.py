"""Where plans are applied: files for a repository, a live Kubernetes, a script for Slurm, an inventory.

Each target turns a plan into steps and knows the state of each: what `aurora.cluster.plans.execution` needs.
"""
