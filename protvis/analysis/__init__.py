"""The statistics of heads: features, counting, significance, calibration, probes."""
