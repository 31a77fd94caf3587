"""One set of colours for pages and reports, readable on both grounds (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from assessments.reporting.charts.colours import SURFACE, TOKENS

CSS = (Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css").read_text()
PAIRS = dict(re.findall(r"--mw-([\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", CSS))


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("token", TOKENS)
def test_the_style_sheet_has_the_same_colours(token):
    assert tuple(PAIRS[token].split(", ")) == TOKENS[token]


@pytest.mark.parametrize("ground", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "token",
    [name for name in TOKENS if name.startswith("option-")] + ["text", "muted", "good", "warn", "bad"],
)
def test_text_colours_reach_4_5(token, ground):
    assert contrast(TOKENS[token][ground], SURFACE[ground]) >= 4.5


@pytest.mark.parametrize("ground", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("token", [name for name in TOKENS if name.startswith(("dim-", "cat-"))])
def test_filled_areas_reach_3(token, ground):
    assert contrast(TOKENS[token][ground], SURFACE[ground]) >= 3


def test_every_class_of_a_chart_is_in_the_style_sheet():
    for token in TOKENS:
        name = token.removeprefix("option-")
        if token in ("line", "line-strong"):
            assert f".c-{name} {{ stroke" in CSS
        else:
            assert f".c-opt-{name} {{ fill" in CSS if token.startswith("option-") else f".c-{name} {{ fill" in CSS
