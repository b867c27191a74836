"""Commands of `aurora train`."""
