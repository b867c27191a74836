"""Statistics of measurements: intervals, paired tests, ratings, agreement, repetition and selection."""
