"""Studies: what is remembered of a search, and where it lies."""
