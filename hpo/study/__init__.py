"""Studies: the trials, facts, files and workers of a search."""
