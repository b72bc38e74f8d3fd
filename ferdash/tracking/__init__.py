"""Following faces from frame to frame: association, optical flow, appearance."""
