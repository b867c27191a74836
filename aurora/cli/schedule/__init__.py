"""`aurora schedule`: a policy as a scheduler, in shadow mode, and what it is worth."""
