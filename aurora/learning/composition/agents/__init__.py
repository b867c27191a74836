"""Agents that compose: they learn a model of what compositions are worth, and train in it before they measure."""
