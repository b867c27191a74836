"""Commands of `aurora bench`, which run benchmarks."""
