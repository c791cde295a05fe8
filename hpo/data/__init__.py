"""What is learned from: loaded, checked, split, made smaller, preprocessed."""
