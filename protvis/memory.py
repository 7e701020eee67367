"""The memory that attention needs, checked before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from protvis.errors import AttentionMemoryError

__all__ = ["attention_bytes", "available_bytes", "check_fits", "check_memory"]

# The rest of the machine needs some room, and so does the forward pass itself.
_USABLE_SHARE = 0.8


def attention_bytes(n_layers: int, n_heads: int, n_residues: int) -> int:
    """Return the bytes of float32 attention (layer, head, query, key) and its special mass."""
    return 4 * n_layers * n_heads * n_residues * (n_residues + 1)


def available_bytes() -> int | None:
    """Return the memory this process can still allocate, or None if the system does not say."""
    found = [_physical(), _control_group()]
    return min((n for n in found if n is not None), default=None)


def _physical() -> int | None:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        try:
            # Without a figure for free memory, the installed memory is the only bound.
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError, AttributeError):
            return None
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _control_group() -> int | None:
    """Return what the container's limit leaves, or None without a limit."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return max(int(limit) - used, 0) if limit.isdigit() else None


def check_fits(n_layers: int, n_heads: int, n_residues: int) -> None:
    """Refuse attention that would not fit into memory.

    Raises
    ------
    AttentionMemoryError
        The message has the numbers and says what to do instead.
    """
    one_layer = attention_bytes(1, n_heads, n_residues)
    check_memory(
        attention_bytes(n_layers, n_heads, n_residues),
        f"attention of {n_layers} layers × {n_heads} heads over {n_residues} residues",
        f"ask for fewer (layers=[{n_layers}] takes {_gigabytes(one_layer)}; heads=[…] less), or "
        "use model.capture(sequence, sink), which hands on one layer at a time and keeps none",
    )


def check_memory(needed: int, what: str, advice: str | Callable[[float], str]) -> None:
    """Refuse a computation that would not fit into memory.

    Parameters
    ----------
    needed : int
        Bytes.
    what : str
        What takes them.
    advice : str or callable
        What to do instead; a callable gets the share of it that would fit.

    Raises
    ------
    AttentionMemoryError
    """
    available = available_bytes()
    if available is None or needed <= _USABLE_SHARE * available:
        return
    hint = advice if isinstance(advice, str) else advice(_USABLE_SHARE * available / needed)
    raise AttentionMemoryError(
        f"{what} would take {_gigabytes(needed)}, but {_gigabytes(available)} of memory are free: "
        f"{hint}"
    )


def _gigabytes(n: int) -> str:
    return f"{n / 1e9:.2g} GB" if n < 1e10 else f"{n / 1e9:.0f} GB"
