"""Training data: loaded, checked, split, reduced, preprocessed."""
