"""Prompt evolution: variants of a role's prompt are written, checked, measured and selected.

May import from everything in `aurora.graphs` but the chat, and from all below.
"""
