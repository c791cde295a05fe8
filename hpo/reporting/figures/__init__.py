"""The Plotly figures of the report, one module each."""
