"""Data of the pages: pure functions from library calls to frozen types. No NiceGUI, so they are tested without it."""
