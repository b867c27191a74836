"""A model as a judge of explanations: its rubric, its ratings, their agreement with people, and its biases."""
