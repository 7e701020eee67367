"""What a structure file holds, format by format, before any chain is built."""
