"""The command `aurora futures`."""
