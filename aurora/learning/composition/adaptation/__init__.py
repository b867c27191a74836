"""Adaptation of a running composition: what has changed, and which composition is right now."""
