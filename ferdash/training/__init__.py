"""Training: configuration, recipes, the loop, checkpoints that resume exactly."""
