"""Facts in words: one table of phrasings from which code writes sentences, and by which it reads them back.

Nothing here asks a model. A model chooses among what the table offers, or writes sentences that must read back
as what is known. May import `aurora.sim` and the words of features (`aurora.agents.explain.wording`).
"""
