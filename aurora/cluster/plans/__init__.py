"""Plans of changes: made from a snapshot, checked, approved by their hash, applied with a journal, and undone.

May import the rest of `aurora.cluster`; reaches files and live systems only in `folder`, `journal` and `targets`.
"""
