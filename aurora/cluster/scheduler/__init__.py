"""A policy at work as a cluster's scheduler: scores of live states, kube-scheduler's extender, shadow mode, reports.

May import `aurora.sim` and the readers, plans and models of `aurora.cluster`.
"""
