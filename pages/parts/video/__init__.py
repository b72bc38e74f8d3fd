"""The library of analyses, and what an analysis shows."""
