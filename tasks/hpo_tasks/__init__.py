"""The task plugins that ship with hpo, one per module."""
