"""`aurora study`: many runs by one file."""
