"""The code of an export: copied as it is, and independent of hpo."""
