"""Scores of predictions: metrics, baselines and the direction of an objective."""
