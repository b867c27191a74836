"""The benchmark of adaptation; `python -m benchmarks.composition_adaptation --help`."""
