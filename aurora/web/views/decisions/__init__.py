"""What the page Decisions shows: runs, loads, one decision, and counterfactuals, as frozen data."""
