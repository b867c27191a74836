"""Writes facts as sentences from one table of phrasings, and parses sentences back by the same table.

Nothing here asks a model. A model chooses among the table's phrasings, or writes sentences that must parse back to
known facts. May import `aurora.sim` and the words of features (`aurora.agents.explain.wording`).
"""
