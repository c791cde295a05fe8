"""Files, locks, signals and the like, which know nothing of studies."""
