"""`aurora snapshot`: reads real systems, shows, checks, compares and converts what was read."""
