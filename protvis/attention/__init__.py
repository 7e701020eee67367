"""Named attention arrays, transforms and links; NumPy only."""
