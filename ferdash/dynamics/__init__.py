"""What a person's probabilities do over time: series, change points, dominant emotion, transitions.

Pure: arrays and tables in, results out; no video, no model, no folder.
"""
