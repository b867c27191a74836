"""The command `aurora recommend`."""
