"""Answers each kind of question from tools' results; one module for a group of kinds."""
