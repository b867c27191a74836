"""`aurora compose`: inference applications made of models and transformations."""
