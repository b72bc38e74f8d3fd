"""Films: decoding, the table of frames, finding and following faces through them, and image sequences."""
