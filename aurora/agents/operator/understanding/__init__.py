"""Understands questions without a model: kinds by similarity to examples, and slots by the names of the open desk."""
