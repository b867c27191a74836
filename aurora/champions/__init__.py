"""The policies that ship: champions of self-play, each with its provenance.

Usable by name wherever a policy is named: `champion:gpu`. May import from `aurora.sim`.
"""
