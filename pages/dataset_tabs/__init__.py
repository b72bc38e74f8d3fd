"""The tabs of the Dataset page, one module each."""
