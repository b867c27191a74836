"""Speed of the simulator, the environments, futures and calls of a model."""
