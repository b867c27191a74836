"""Tasks that pipelines are composed for: data with fixed splits, their source and their licence."""
