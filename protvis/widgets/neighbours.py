"""Explorers beside each other, whose selections can follow one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Checkbox, HBox, VBox

from protvis.errors import LabelError, OptionError
from protvis.keywords import check_keywords
from protvis.labels import parse_residue
from protvis.widgets.explorer import AttentionExplorer

if TYPE_CHECKING:
    from protvis.structure import Chain

__all__ = ["side_by_side"]


@check_keywords
def side_by_side(*explorers: AttentionExplorer, linked: bool = True) -> VBox:
    """Show explorers side by side: two models, two heads, two structures.

    A checkbox above them links their selections. Residues are matched by label, or else by author
    number.

    Parameters
    ----------
    *explorers : AttentionExplorer
        Two or more.
    linked : bool
        Whether the checkbox starts ticked.

    Returns
    -------
    ipywidgets.VBox
        Put it on the last line of a cell to show it.

    Raises
    ------
    OptionError
        If fewer than two explorers are given, one is given twice, or something else is.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> one = protvis.explore(TRYPSIN, model="mini-positions")
    >>> other = protvis.explore(TRYPSIN, model="mini")
    >>> both = protvis.side_by_side(one, other)
    >>> one.selected_residues = ["HIS57"]
    >>> other.selected_residues
    ['A:HIS57']
    >>> one.close()
    >>> other.close()
    """
    for explorer in explorers:
        if not isinstance(explorer, AttentionExplorer):
            raise OptionError(f"expected explorers, got {type(explorer).__name__}")
    if len(explorers) < 2 or len(set(map(id, explorers))) < len(explorers):
        raise OptionError(
            f"expected two or more different explorers, got {len(explorers)}; one explorer shown "
            "twice needs none of this: its views follow each other"
        )
    link = Checkbox(linked, description="link selections", indent=False)
    following = False

    def follow(change: dict[str, Any]) -> None:
        nonlocal following
        leader = change["owner"]
        if following or not link.value or not isinstance(leader, AttentionExplorer):
            return
        following = True
        try:
            for other in explorers:
                if other is not leader and other.comm is not None:
                    _select_as(leader, other)
        finally:
            following = False

    row = HBox(list(explorers))

    def leave(change: dict[str, Any]) -> None:
        # JupyterLab, loaded again, may show no widget at all for one that is in a box and gone.
        if change["new"] is None:
            row.children = [one for one in row.children if one is not change["owner"]]

    for explorer in explorers:
        explorer.observe(follow, ["selected_residues", "selected_link"])
        explorer.observe(leave, "comm")
    return VBox([link, row])


def _select_as(leader: AttentionExplorer, other: AttentionExplorer) -> None:
    """Select in another explorer what is selected in the leader."""
    residues = [_match(other.chain, label) for label in leader.selected_residues]
    ends = [_match(other.chain, label) for label in leader.selected_link or ()]
    other.selected_residues = [label for label in residues if label]
    if len(ends) == 2 and all(ends):
        other.selected_link = (str(ends[0]), str(ends[1]))


def _match(chain: Chain, label: str) -> str | None:
    """Return the label of the residue of a chain that has a label, or else its author number."""
    parts = parse_residue(label)
    for name in (label, f"{parts.number}{parts.insertion_code}"):
        try:
            return chain.residue_labels[chain.find(name)]
        except LabelError:
            continue
    return None
