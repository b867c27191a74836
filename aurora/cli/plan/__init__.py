"""`aurora plan`: plans of changes for real systems."""
