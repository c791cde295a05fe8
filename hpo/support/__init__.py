"""Files, locks, signals and seeds; nothing here knows about studies."""
