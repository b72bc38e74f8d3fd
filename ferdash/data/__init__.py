"""From files in many layouts to a FaceDataset, and what can be learned about one before any training."""
