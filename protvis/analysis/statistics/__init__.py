"""What the counts say of each head: rates, tests, intervals, layers, calibration."""
