"""Nodes of the self-play graph: functions from the state and the run's context to an update of the state.

May import from `aurora.graphs.proposers`.
"""
