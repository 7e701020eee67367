"""What is counted, record by record: features, links, permutations, as whole numbers."""
