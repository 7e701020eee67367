"""Drawing records for training and testing, without near copies on both sides."""
