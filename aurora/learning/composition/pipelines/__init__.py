"""Pipelines: what one is, the rules that it must keep, how it is written, and the edits that change it."""
