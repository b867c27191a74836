"""Reads Kubernetes clusters: files that `kubectl get … -o json` wrote, or a live cluster, through the same parser.

Only lists are read, nothing is ever written. Fields that no snapshot needs (environment variables, commands,
annotations, secrets) are left out before anything else sees them; `kept` is the whole list of what is kept.
"""

from aurora.cluster.readers.kubernetes.live import read_live
from aurora.cluster.readers.kubernetes.read import read_kubernetes

__all__ = ["read_kubernetes", "read_live"]
