"""Servers that stand in for providers of models, scripted or faulty, for benchmarks and tests."""
