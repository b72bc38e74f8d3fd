"""Tabs of the Experiments page."""
