"""Tabs of the Dataset page."""
