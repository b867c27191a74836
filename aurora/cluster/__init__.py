"""Real systems: snapshots of clusters, which node fits which task, changes, plans and their application.

May import `aurora.sim` and `aurora.learning`; reaches a live system only in `readers` and `plans.targets`.
"""
