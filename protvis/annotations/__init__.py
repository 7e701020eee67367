"""What is known about each residue: secondary structure, sites, modifications, tracks from files."""
