"""Search spaces of the built-in tasks, one TOML file each."""
