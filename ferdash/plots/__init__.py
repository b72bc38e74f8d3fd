"""Data in, pictures out: plotly figures and mosaics of faces, for pages and command-line reports alike."""
