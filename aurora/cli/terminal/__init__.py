"""Output of every command: tables, progress, streams and failures."""
