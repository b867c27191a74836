"""Self-play of an attacker, who chooses loads and shifts of the data, with a composer, who chooses the composition."""
