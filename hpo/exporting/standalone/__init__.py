"""What an export is made of beside data: copied as it is, and independent of hpo."""
