"""Reading records: proteins with what is known about their residues, one at a time."""

from protvis.datasets.dataset_opener import draw, open_dataset
from protvis.datasets.fasta import FastaDataset
from protvis.datasets.joined_dataset import JoinedDataset
from protvis.datasets.label_tables import LabelTable
from protvis.datasets.lmdb_files import LmdbDataset
from protvis.datasets.proteinnet import ProteinNetDataset
from protvis.datasets.records import DSSP_STATES, SECONDARY_STRUCTURE, Dataset, Reading, Record
from protvis.datasets.structures import StructureDataset
from protvis.datasets.tracked_dataset import with_tracks
from protvis.labels import AMINO_ACIDS

__all__ = [
    "AMINO_ACIDS",
    "DSSP_STATES",
    "SECONDARY_STRUCTURE",
    "Dataset",
    "FastaDataset",
    "JoinedDataset",
    "LabelTable",
    "LmdbDataset",
    "ProteinNetDataset",
    "Reading",
    "Record",
    "StructureDataset",
    "draw",
    "open_dataset",
    "with_tracks",
]
