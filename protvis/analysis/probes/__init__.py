"""Probes: what can be read from the frozen layers of a model."""
