"""Clients of language models: metered calls, faults, structured answers and the loop that calls tools.

May import `aurora.tools`; nothing else of `aurora.agents`.
"""
