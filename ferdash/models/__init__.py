"""FerNet, and the way from a model reference to something that turns faces into emotion probabilities."""
