"""Studies: many runs of self-play or prompt evolution by one file, in parallel, resumable, judged together."""
