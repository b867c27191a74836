"""What an agent can do: each tool a typed function over sim and memory, and the harness that runs them.

May import sim and memory. Nothing here calls a model.
"""
