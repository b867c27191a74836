"""Prompts as files with named slots."""
