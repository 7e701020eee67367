"""Protein language models; torch and transformers live here and nowhere else."""
