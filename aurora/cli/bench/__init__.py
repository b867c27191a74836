"""Commands of `aurora bench`, which measure."""
