"""The environment of an agent that composes: its problem, what it observes, and the `gymnasium` environment."""
