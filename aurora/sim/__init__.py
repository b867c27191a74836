"""What a scenario and a policy are, and what happens when they meet.

Pure: no model, no network, no database. Imports nothing of AURORA but `aurora.errors`.
"""
