"""Transfer between domains, forgetting, adaptation to changed constraints, and ablations of self-play."""
