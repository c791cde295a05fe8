"""The Plotly figures of the report, one per module."""
