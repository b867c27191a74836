"""Reasons to ask back although a question has a likely kind: what it says is not all accounted for by that kind."""
