"""Answers an operator's questions about a cluster: what a question means, what is looked up, what is said.

`rules` needs no model; `aurora.agents.roles.operator` asks one. Both call the same tools, and every sentence of both
is checked against what was looked up.
"""
