"""The library of analyses, and what a session shows."""
