"""Prompts as files with named slots; imported by agents only."""
