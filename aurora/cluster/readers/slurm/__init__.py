"""Reads Slurm clusters from what scontrol, squeue and sacct print."""

from aurora.cluster.readers.slurm.read import is_slurm, read_slurm

__all__ = ["is_slurm", "read_slurm"]
