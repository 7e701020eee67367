"""Drawing records for training and testing, without relatives on both sides."""
