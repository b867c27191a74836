"""Builders of figures: from metrics, samples and tables of an evaluation to drawings as data."""
