"""The camera, its panels and the snapshot."""
