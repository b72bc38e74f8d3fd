"""ferdash: a local workbench for facial emotion recognition. This package is the core; it never imports streamlit."""

__version__ = "0.1.0"
