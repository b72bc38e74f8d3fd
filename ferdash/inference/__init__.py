"""From any picture to faces, and from faces to emotion probabilities."""
