"""Searches for the composition that is worth most: the loop, the journal of measurements, and the answer in words."""
