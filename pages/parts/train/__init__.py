"""The form, and the run that is watched."""
