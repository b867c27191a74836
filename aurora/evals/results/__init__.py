"""Results of evaluations: samples, metrics with intervals, tables; their folders, comparison and gates."""
