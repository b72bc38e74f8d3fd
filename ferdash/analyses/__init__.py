"""The folder of an analysed video: its store, the jobs that fill it, and its tables."""
