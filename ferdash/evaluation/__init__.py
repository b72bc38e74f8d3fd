"""Arrays of probabilities in, scores out: metrics, intervals, protocol. No torch here."""
