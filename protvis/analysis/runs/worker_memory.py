"""Memory of a Dask worker: freed blocks are kept for the next layer."""

from __future__ import annotations

import ctypes
import os

__all__ = ["keep_freed_memory"]

_VARIABLE, _OF_DASK = "MALLOC_TRIM_THRESHOLD_", "65536"
# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_BYTES = 32 * 2**20


def keep_freed_memory() -> bool:
    """Undo what Dask sets for its workers' memory; return whether anything was undone.

    Dask starts workers so that glibc gives every freed block back to the system (the variable
    ``MALLOC_TRIM_THRESHOLD_``), which also stops it from learning how large blocks are. Attention
    is blocks of megabytes, one after the other: each of them would be mapped and zeroed anew, and
    cost half as much again as computing it. The limits set here are the highest that glibc finds by
    itself in a process without that variable. A value other than Dask's own is somebody's choice
    and left alone.
    """
    if os.environ.get(_VARIABLE) != _OF_DASK:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False  # not glibc, which alone reads the variable
    done = [mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES), mallopt(_M_TRIM_THRESHOLD, 2 * _MMAP_BYTES)]
    return all(done)
