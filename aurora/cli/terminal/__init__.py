"""What every command prints with: tables, progress, streams and failures."""
