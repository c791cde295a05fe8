"""What a report reads from studies, computed before anything is drawn."""
