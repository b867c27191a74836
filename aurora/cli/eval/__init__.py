"""Commands of `aurora eval`, which run and compare evaluations."""
