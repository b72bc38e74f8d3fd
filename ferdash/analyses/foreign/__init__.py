"""Analyses and codings that other programs made, read into ferdash's own tables; nothing is added that they lack."""
