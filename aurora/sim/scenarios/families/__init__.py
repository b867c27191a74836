"""Builders of generated scenarios, a module for each domain; `aurora.sim.scenarios.generators` lists them.

A builder draws a spec for a level of the curriculum. May import `curriculum` and `spec`.
"""
