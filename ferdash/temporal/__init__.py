"""Emotion over time: videos and cameras to tracks of faces, and those to series, changes and sessions."""
