"""A keyword that a public function does not have is refused with the one that was meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import protvis
from protvis.keywords import check_keywords
from protvis.perturbation import Comparison

CLASSES = (
    protvis.AttentionExplorer,
    protvis.AttentionMaps,
    protvis.Chain,
    protvis.HeadReport,
    protvis.Structure,
    Comparison,
)


def options(function: Callable[..., Any]) -> list[str]:
    """Return the keywords that may be left out; none where a function takes any keyword."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return []
    return [one.name for one in parameters if one.default is not one.empty]


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public function, and methods of the public classes, that have options."""
    for name in protvis.__all__:
        value = getattr(protvis, name)
        if inspect.isfunction(value) and options(value):
            yield name, value
    for one in CLASSES:
        ours = [base for base in one.__mro__ if base.__module__.startswith("protvis.")]
        for name, value in (item for base in ours for item in vars(base).items()):
            if inspect.isfunction(value) and not name.startswith("_") and options(value):
                yield f"{one.__name__}.{name}", value


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_an_unknown_keyword_names_the_one_that_was_meant(name: str) -> None:
    function = PUBLIC[name]
    for option in options(function):
        typo = f"{option[0]}x{option[1:]}"
        with pytest.raises(TypeError) as raised:
            function(**{typo: None})
        message = str(raised.value)
        assert message.startswith(f"{name.rpartition('.')[2]}(): unknown keyword argument {typo!r}")
        assert option in message.partition(";")[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: protvis.load_structure("1abc", chian="A"), "did you mean 'chains'"),
        (lambda: protvis.load_model("mini", devise="cpu"), "did you mean 'device'"),
        (lambda: protvis.compute_attention("mini", "A", layer=1), "did you mean 'layers'"),
        (lambda: protvis.analyze("x", "mini", treshold=0.3), "did you mean 'threshold'"),
        (lambda: protvis.compare("A", "C", modle="mini"), "did you mean 'model'"),
        (lambda: protvis.explore("1abc", "mini", topk=3), "did you mean 'top_k'"),
    ],
)
def test_frequent_slips(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_all_else_is_handed_on() -> None:
    @check_keywords
    def area(width: int, /, height: int = 2, *, unit: str = "m") -> str:
        """Say it."""
        return f"{width * height} {unit}²"

    assert area(3) == "6 m²"
    assert area(3, height=4, unit="Å") == "12 Å²"
    assert (area.__name__, area.__doc__) == ("area", "Say it.")
    assert list(inspect.signature(area).parameters) == ["width", "height", "unit"]
    # A name that stands for a place alone is none of the keywords.
    with pytest.raises(TypeError, match="unknown keyword argument 'width'; there are height, unit"):
        area(width=3)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'width'"):
        area()
