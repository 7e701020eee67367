"""Pictures as arrays, and what can be read off them without knowing what drew them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def decode(png: bytes) -> Picture:
    """Return a PNG as uint8 (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def changed(before: Picture, after: Picture, by: int = 24) -> Mask:
    """Return where two pictures of the same size differ visibly."""
    difference = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(axis=2)
    return np.asarray(difference > by)


def moved(before: Picture, after: Picture) -> float:
    """Return the share of blocks of 4 × 4 pixels that differ: smoother edges alone do not count."""
    height, width = (4 * (side // 4) for side in before.shape[:2])

    def blocks(picture: Picture) -> Picture:
        cut = picture[:height, :width].reshape(height // 4, 4, width // 4, 4, 3)
        return cut.mean(axis=(1, 3)).astype(np.uint8)

    return float(changed(blocks(before), blocks(after)).mean())


def moved_on_page(before: Picture, after: Picture) -> float:
    """As `moved`, of a panel that the page has laid out anew.

    It may lie on another fraction of a pixel then, and its picture begin a line higher or lower.
    """
    lines = ((before, after), (before[1:], after[:-1]), (before[:-1], after[1:]))
    return min(moved(one, other) for one, other in lines)


def drawn(picture: Picture) -> Mask:
    """Return where a picture is not its background, which is the colour of its corner."""
    return changed(picture, np.broadcast_to(picture[2, 2], picture.shape))


def near(mask: Mask, pixels: int) -> Mask:
    """Return a mask grown by so many pixels."""
    return np.asarray(binary_dilation(mask, iterations=pixels))


def colourful(picture: Picture) -> Mask:
    """Return where a picture is neither grey, black nor white."""
    spread = picture.max(axis=2).astype(np.int16) - picture.min(axis=2)
    return np.asarray(spread > 70)


def places(mask: Mask, limit: int = 40) -> list[tuple[int, int]]:
    """Return points (x, y) inside a mask, those farthest from its edge first, spread over it."""
    depth = np.zeros(mask.shape, np.int32)
    inside = mask.copy()
    inside[[0, -1]] = inside[:, [0, -1]] = False
    while inside.any():
        depth += inside
        inside = (
            inside
            & np.roll(inside, 1, 0)
            & np.roll(inside, -1, 0)
            & np.roll(inside, 1, 1)
            & np.roll(inside, -1, 1)
        )
    found: list[tuple[int, int]] = []
    for at in np.argsort(-depth, axis=None, kind="stable"):
        y, x = divmod(int(at), mask.shape[1])
        if depth[y, x] == 0 or len(found) == limit:
            break
        if all(abs(x - other) + abs(y - above) > 20 for other, above in found):
            found.append((x, y))
    return found
