"""What pages are made of, and how they become HTML."""
