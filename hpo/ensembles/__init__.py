"""The best trials combined."""
