"""Reading records: proteins with what is known about their residues, one at a time."""

from protvis.datasets.records import SECONDARY_STRUCTURE, Dataset, Reading, Record

__all__ = ["SECONDARY_STRUCTURE", "Dataset", "Reading", "Record"]
