"""Commands that measure and try AURORA; `python -m benchmarks.NAME`."""
