"""`aurora chat` and `aurora ask`."""
