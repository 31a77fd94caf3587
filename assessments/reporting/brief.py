"""The decision brief as a PDF: A4, at most two pages, tagged, with the pages' own charts.

Plain data in, bytes out. All text of people reaches Typst as JSON values, never as source, so nothing in it can be read as
markup. Equal data gives equal bytes: the only clock is `Provenance.made_at`. The font is shipped with the project.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import typst

from assessments.reporting import charts
from assessments.reporting.charts import colours
from assessments.reporting.charts.svg import clean

HERE = Path(__file__).resolve().parent
FONTS = HERE.parents[1] / "static" / "vendor" / "inter"
PAGES = 2


class BriefTooLong(ValueError):
    """The brief could not be brought onto its pages; a fault of this module, as every list and text is bounded."""


@dataclass(frozen=True)
class Headline:
    """One figure of the strip: "78 ± 1 %", "of plausible weights rank it first"."""

    value: str
    words: str


@dataclass(frozen=True)
class Gate:
    """One gate entry. effect: block, condition or warn; options: names; message: with its numbers."""

    id: str
    effect: str
    options: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Condition:
    """What must be done. only_for: the options that it binds where the choice is not among them: "Hybrid"."""

    title: str
    owner: str
    due: str = ""  # "month 6, May 2027"
    mandatory: bool = True
    why: str = ""
    state: str = ""
    only_for: str = ""


@dataclass(frozen=True)
class Change:
    """What would change the decision: "Weight on capability fit above 31 % (now 22 %)", "CDMO first".

    stress  a stress run or lens that was tried, rather than a change that somebody could bring about
    """

    what: str
    then: str = ""
    stress: bool = False


@dataclass(frozen=True)
class Disagreement:
    """Where raters differ, or who would choose otherwise; quote: a dissenter's own words, author: name and function."""

    what: str
    quote: str = ""
    author: str = ""


@dataclass(frozen=True)
class Signature:
    """One signature as recorded. at: UTC; hash: what it binds, in full; void: bound to a proposal that was replaced.

    stands_from  number of the former submission whose record it binds; None: of this one
    """

    name: str
    meaning: str
    at: datetime
    hash: str
    function: str = ""
    void: bool = False
    stands_from: int | None = None


@dataclass(frozen=True)
class Step:
    """One step of the approval route. state: done, current, waiting or stopped."""

    title: str
    state: str
    signatures: tuple[Signature, ...] = ()
    note: str = ""  # "waiting for QA and Finance, due 30 Nov 2026"


@dataclass(frozen=True)
class Proposal:
    """The proposed decision. kind: in words ("as the result says"); sentence: the choice ("Choose Hybrid, as recommended.")."""

    number: int
    kind: str
    option: str
    justification: str
    hash: str = ""
    overrides: tuple[str, ...] = ()  # "G04 not ready in time: ..." of an approved blocked option, with its reason
    tripwires: tuple[str, ...] = ()
    sentence: str = ""
    author: str = ""
    decided: bool = False  # the last step of the route signed it


@dataclass(frozen=True)
class Provenance:
    application: str
    engine: str
    framework: str
    scorecard: str  # digest
    made_at: datetime
    inputs: str = ""  # "panel, revision 12"
    submission: str = ""  # SHA-256; empty before the submission
    frozen_at: datetime | None = None  # UTC, of the submission


@dataclass(frozen=True)
class Brief:
    organization: str
    program: str
    review: str
    question: str
    state: str
    verdict: str  # the kind in words: "Leaning, with 2 mandatory conditions"
    choice: str  # the option's name, or "No credible option"
    sentence: str
    provenance: Provenance
    about: tuple[str, ...] = ()  # what the program is: "Gene-modified MSC", "Phase 2"
    notice: str = ""  # what a reader must know first: "Facts only: the ratings are not revealed yet."
    accent: str = ""  # of the choice: in_house, cdmo, hybrid, variant_a, variant_b
    headlines: tuple[Headline, ...] = ()
    values: charts.ValueBars | None = None
    scenarios: charts.ScenarioMatrix | None = None
    risk: charts.RiskOverTime | None = None
    gates: tuple[Gate, ...] = ()
    changes: tuple[Change, ...] = ()
    conditions: tuple[Condition, ...] = ()
    disagreement: tuple[Disagreement, ...] = ()
    proposal: Proposal | None = None
    steps: tuple[Step, ...] = ()
    watermark: str = ""  # "DRAFT"; empty on a record


@dataclass(frozen=True)
class _Fit:
    """How much is printed: scale of the type, letters of a text, entries of a list."""

    scale: float
    letters: int
    entries: int


_FITS = (
    _Fit(1.0, 900, 12),
    _Fit(0.94, 600, 12),
    _Fit(0.88, 400, 10),
    _Fit(0.84, 240, 9),
    _Fit(0.82, 110, 5),
    _Fit(0.78, 70, 3),
)


def inputs_of(brief: Brief) -> str:
    """SHA-256 of all that a brief says, but for the time of its making: equal ones need no second file."""
    said = asdict(replace(brief, provenance=replace(brief.provenance, made_at=datetime.min.replace(tzinfo=UTC))))
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def brief_pdf(brief: Brief) -> bytes:
    """The brief as PDF bytes. Raises BriefTooLong if it does not come onto two pages even in the closest setting.

    Long texts and lists are shortened step by step until it fits, and say so; the record and the dossier have the whole.
    """
    made_at = brief.provenance.made_at.replace(microsecond=0)  # Typst takes whole seconds only
    for fit in _FITS:
        compiler = typst.Compiler(
            (HERE / "typst" / "brief.typ"),
            root=HERE / "typst",
            font_paths=[FONTS],
            ignore_system_fonts=True,
            sys_inputs={"brief": json.dumps(_document(brief, fit), ensure_ascii=False, sort_keys=True)},
        )
        pages = json.loads(compiler.query("<pages>", field="value", one=True))
        if pages <= PAGES:
            made = compiler.compile(format="pdf", timestamp=made_at, pdf_standards=["ua-1"])
            if not isinstance(made, bytes):
                raise BriefTooLong("Typst gave no single document")
            return made
    raise BriefTooLong(f"{brief.program}: more than {PAGES} pages in the closest setting")


def _short(text: str, letters: int) -> str:
    """One text within its bound. What is left out is said, as a reader must not take a part for the whole."""
    text = " ".join(clean(text).split())
    return text if len(text) <= letters else text[: letters - 22].rstrip() + "… (whole text on record)"


def _shorten(value: object, letters: int) -> object:
    """Every text within a structure of dicts and lists, shortened."""
    if isinstance(value, str):
        return _short(value, letters)
    if isinstance(value, dict):
        return {key: _shorten(part, letters) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_shorten(part, letters) for part in value]
    return value


def _some(entries: Sequence[object], most: int) -> dict[str, object]:
    """The first entries of a list as plain data, and how many more there are."""
    shown = [entry if isinstance(entry, str) else asdict(entry) for entry in entries[:most]]  # type: ignore[call-overload]
    return {"shown": shown, "more": max(0, len(entries) - most)}


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M:%S} UTC"


def _step(step: Step, fit: _Fit) -> dict[str, object]:
    signatures = [
        {
            **asdict(signature),
            "at": _utc(signature.at),
            "name": _short(signature.name, 60),
            "hash": signature.hash[:64],
        }
        for signature in step.signatures[: fit.entries]
    ]
    plain = {"title": step.title, "state": step.state, "note": step.note}
    return {**plain, "signatures": signatures, "more": max(0, len(step.signatures) - fit.entries)}


def _chart(data: charts.Chart | None, width: float) -> dict[str, str]:
    if data is None:
        return {"svg": "", "alt": "", "title": ""}
    table = charts.table(data)
    words = "; ".join(f"{row[0]}: {', '.join(row[1:])}" for row in table.rows)
    return {"svg": charts.drawing(data, width), "alt": f"{table.caption}. {words}", "title": data.title}


def _document(brief: Brief, fit: _Fit) -> dict[str, object]:
    """All that the template reads, as JSON-able values, within the bounds of the fit."""
    lists = {
        "gates": _some(brief.gates, fit.entries),
        "changes": _some(brief.changes, fit.entries),
        "conditions": _some(brief.conditions, fit.entries),
        "disagreement": _some(brief.disagreement, fit.entries),
    }
    names = {
        key: getattr(brief, key) for key in ("organization", "program", "review", "question", "state", "watermark")
    }
    steps = brief.steps[: fit.entries]
    provenance = brief.provenance
    scale: dict[str, object] = {
        "scale": fit.scale,
        "own_page": fit.scale > 0.95,  # the record begins on a page of its own while there is room
        "accent": colours.TOKENS.get(f"option-{brief.accent}", ("#5b6472",))[0],
    }
    return {
        **scale,
        **{key: _short(text, 160) for key, text in names.items()},
        "verdict": _short(brief.verdict, 120),
        "choice": _short(brief.choice, 90),
        "sentence": _short(brief.sentence, fit.letters),
        "notice": _short(brief.notice, 240),
        "about": _short(" · ".join(brief.about), 160),
        "headlines": [asdict(headline) for headline in brief.headlines[:4]],
        **{key: _shorten(part, fit.letters) for key, part in lists.items()},
        "proposal": _proposal(brief.proposal, fit) if brief.proposal else None,
        "steps_more": max(0, len(brief.steps) - fit.entries),
        "steps": [_shorten(_step(step, fit), fit.letters) for step in steps],
        "values": _chart(brief.values, 500),
        "scenarios": _chart(brief.scenarios, 400),
        "risk": _chart(brief.risk, 880),
        "provenance": {
            **asdict(provenance),
            "made_at": _utc(provenance.made_at),
            "frozen_at": _utc(provenance.frozen_at) if provenance.frozen_at else "",
        },
    }


def _proposal(proposal: Proposal, fit: _Fit) -> object:
    bounded = replace(
        proposal, overrides=proposal.overrides[: fit.entries], tripwires=proposal.tripwires[: fit.entries]
    )
    return _shorten(asdict(bounded), fit.letters)
