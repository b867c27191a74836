"""Benchmarks of the operator's answers: true sentences must be kept, false ones struck."""
