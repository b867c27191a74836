"""LangGraph state machines that wire agents and memory: self-play.

May import from everything but `aurora.evals` and the command line.
"""
