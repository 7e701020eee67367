"""What is known of each residue: secondary structure, sites, modifications, tracks from files."""
