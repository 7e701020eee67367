"""The attention of 12 × 12 heads over 200 residues as numbers in JSON, and as protvis carries it.

The JSON is what BertViz embeds in a notebook cell or page: the nested lists of
``attention.tolist()``, so every float32 weight as the decimal text of a Python float, with the
tokens beside them. Here `json.dumps` writes it; BertViz itself is not run, and the display code
around the data is counted for neither.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from large import write_model, write_structure
from report import Report, size

N_LAYERS, N_HEADS, N_RESIDUES = 12, 12, 200


def main() -> None:
    import protvis as pv
    from protvis.scene import build_scene
    from protvis.scene.wire import encode_root

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = pv.load_model(write_model(folder / "model", N_LAYERS, N_HEADS))
        structure = pv.load_structure(write_structure(folder / "chain.pdb", N_RESIDUES))
        chain = structure.chains["A"]
        attention = pv.compute_attention(model, chain)
        wire = build_scene(structure, chain, model).wire()
    assert attention.values.shape == (N_LAYERS, N_HEADS, N_RESIDUES, N_RESIDUES)
    # Layer by layer, because the whole text is large; two brackets and commas make no difference.
    as_json = sum(len(json.dumps(layer.tolist())) for layer in attention.values)
    as_json += len(json.dumps(list(chain.sequence)))

    arrays = sum(
        len(array["data"]) for array in (wire["arrays"] | wire["attention"]["arrays"]).values()
    )
    text = len(json.dumps(wire["meta"])) + len(wire["structure"])
    maps = [encode_root(head)[0].tobytes() for layer in attention.values for head in layer]
    packed = len(gzip.compress(b"".join(maps), 6))

    report = Report(f"5 · {N_LAYERS} × {N_HEADS} heads × {N_RESIDUES} residues: bytes")
    report.note("JSON as BertViz embeds it", size(as_json))
    report.note(
        "protvis, links of all heads and all else an explorer opens with", size(arrays + text)
    )
    report.note("protvis, one dense map when its head is looked at", size(len(maps[0])))
    report.note(
        "protvis, all dense maps (offline page: compressed)",
        f"{size(len(b''.join(maps)))} ({size(packed)})",
    )
    report.note("JSON beside what an explorer opens with", f"{as_json / (arrays + text):.0f} ×")
    report.note(
        "JSON beside links and all dense maps",
        f"{as_json / (arrays + text + len(b''.join(maps))):.0f} ×",
    )
    report.finish()


if __name__ == "__main__":
    main()
