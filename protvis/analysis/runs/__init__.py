"""Counting a whole data set: chunks, journal, resuming, a Dask cluster, the ledger."""
