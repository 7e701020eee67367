"""The site as `make docs` builds it, once for all tests that look at it or at its notebooks."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from protvis.site import Site


@dataclass(frozen=True)
class RealSite:
    """The site, and the notebooks in it as they were when they had run.

    Attributes
    ----------
    site : Site
    notebooks : dict of str to notebook
        By name, without the suffix.
    """

    site: Site
    notebooks: dict[str, NotebookNode]


@pytest.fixture(scope="session")
def real_site(
    bundle: Path, warm_kernels: None, tmp_path_factory: pytest.TempPathFactory
) -> RealSite:
    """The whole site: every notebook is run once, by the code that `make docs` runs."""
    import nbformat

    from protvis.site import Site

    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Beside the folders of the workers, which take the site from the one who came first.
        place = place.parent
    with FileLock(place / "real-site.lock"):
        if not (place / "real-site").exists():
            _build(place)
    executed = {
        path.stem: nbformat.read(path, as_version=4) for path in (place / "executed").iterdir()
    }
    pages, left_out = json.loads((place / "real-site.json").read_text("utf-8"))
    site = Site(place / "real-site", tuple(map(Path, pages)), tuple(left_out))
    return RealSite(site, executed)


def _build(place: Path) -> None:
    import nbformat

    import protvis.site.notebooks

    executed = place / "executed"
    executed.mkdir(exist_ok=True)
    execute = protvis.site.notebooks.execute_notebook

    def keep(path: Path, **options: float) -> NotebookNode:
        notebook = execute(path, **options)
        nbformat.write(notebook, executed / path.name)
        return notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protvis.site.notebooks, "execute_notebook", keep)
        site = protvis.site.build_site(place / "real-site")
    said = json.dumps([[str(page) for page in site.pages], site.left_out])
    (place / "real-site.json").write_text(said, "utf-8")
