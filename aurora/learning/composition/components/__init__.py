"""Components of pipelines: how they are fitted, what is kept of them on disk, and how they are loaded and run."""
