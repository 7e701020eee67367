"""Coordinates and residues; knows nothing about models."""
