"""The camera: frames in, faces with their probabilities out, as they come."""
