"""A review's answer as the reports take it: Meridian's figures, with every part of a brief filled in."""

from dataclasses import replace
from datetime import UTC, datetime

from assessments.reporting import charts
from assessments.reporting.brief import (
    Brief,
    Change,
    Condition,
    Disagreement,
    Gate,
    Headline,
    Proposal,
    Provenance,
    Signature,
    Step,
)

DIMENSIONS = (
    "Patient delivery risk",
    "Comparability exposure",
    "Capability fit",
    "Operating model realism",
    "Economics & capital",
    "Strategic control & IP",
    "Supply chain",
    "Regulatory & inspection readiness",
)
WEIGHTS = (20, 15, 15, 18, 12, 8, 5, 7)
SIGNED_AT = datetime(2026, 11, 18, 9, 12, 44, tzinfo=UTC)
DIGEST = "7f3a" + "c19e" * 15


def option(name: str, accent: str, shares: tuple[int, ...], total: float, **rest: str) -> charts.OptionValue:
    points = tuple(weight * share / 100 for weight, share in zip(WEIGHTS, shares, strict=True))
    return charts.OptionValue(name, points, total, accent=accent, **rest)


def values() -> charts.ValueBars:
    return charts.ValueBars(
        DIMENSIONS,
        (
            option(
                "Hybrid: client-in-plant",
                "hybrid",
                (70, 67, 83, 92, 88, 75, 60, 100),
                79.5,
                note="no gate fired",
            ),
            option("CDMO partner", "cdmo", (38, 75, 57, 94, 71, 31, 60, 100), 65.2, note="1 warning"),
            option(
                "In-house",
                "in_house",
                (30, 50, 43, 83, 8, 94, 60, 46),
                49.8,
                blocked="ready month 30 > need 14+9",
            ),
        ),
    )


def scenarios() -> charts.ScenarioMatrix:
    two = ("hybrid", "cdmo")
    run = charts.ScenarioRun
    return charts.ScenarioMatrix(
        (
            charts.ScenarioOption("hybrid", "Hybrid", "hybrid"),
            charts.ScenarioOption("cdmo", "CDMO", "cdmo"),
            charts.ScenarioOption("in_house", "In-house", "in_house"),
        ),
        (
            run("Today", "hybrid", 14.3, two, None),
            run("S1 Funding drought", "hybrid", 15.0, two, True),
            run("S6 Talent squeeze", "cdmo", 9.8, two, False),
            run("S7a Partner inspection finding", "hybrid", None, ("hybrid",), True),
            run("S7b Own site finding", None, None, (), False),
        ),
    )


def shares() -> charts.FirstShares:
    share = charts.Share
    options = (
        share("Hybrid", "hybrid", 0.78, 0.0093),
        share("CDMO", "cdmo", 0.22, 0.0093),
        share("In-house", "in_house", None),
    )
    return charts.FirstShares(options, 2000, 0.8)


def risk() -> charts.RiskOverTime:
    calm = tuple((0.5, 0.3, 0.5) for _ in range(8))
    hot = ((0.4, 0.3, 2.4), *calm[1:])
    panels = (
        charts.RiskPanel("Hybrid", "hybrid", calm, "within capacity through month 48", (False,) * 8),
        charts.RiskPanel("CDMO", "cdmo", hot, "above capacity in months 0–6", (True, *(False,) * 7)),
    )
    return charts.RiskOverTime(panels, 2.2, "months of delay we carry")


def sparkline() -> charts.Sparkline:
    return charts.Sparkline((1.2, 1.4, 2.6, 1.5, 1.1, 1.0, 1.2, 1.3), 2.2, "months")


def brief(**changes: object) -> Brief:
    signatures = (
        Signature("Maria Kaur", "I reviewed the CMC facts and stand by them", SIGNED_AT, DIGEST, "CMC"),
        Signature("Ines Okafor", "Approved", SIGNED_AT, DIGEST, "Finance", void=True),
    )
    whole = Brief(
        organization="Meridian Loop",
        program="MLX-07",
        review="Review 3",
        question="Where should MLX-07 be made through month 48?",
        state="In approval, step 2 of 2",
        verdict="Clear, with 2 mandatory conditions",
        choice="Hybrid: client-in-plant",
        sentence="14.3 points ahead of the CDMO.",
        about=("Gene-modified MSC", "Phase 2"),
        accent="hybrid",
        headlines=(
            Headline("100 %", "of plausible weights rank it first"),
            Headline("9 of 9", "scenario runs keep the answer"),
        ),
        values=values(),
        scenarios=scenarios(),
        gates=(Gate("G04", "block", ("In-house",), "ready month 30 is later than need 14 + 9"),),
        changes=(Change("Weight on capability fit above 31 % (now 22 %)", "CDMO first"),),
        conditions=(
            Condition("Process optimisation plan", "CMC", "month 6, May 2027", True, "lot failure 14 %", "open"),
        ),
        disagreement=(
            Disagreement("QA alone would choose the CDMO."),
            Disagreement("Lot success, CDMO: from 2 to 5", "Two lots failed on viability.", "Maria Kaur, CMC"),
        ),
        proposal=Proposal(
            1,
            "as recommended",
            "Hybrid: client-in-plant",
            "The suite is inspected.",
            DIGEST,
            (),
            ("Suite lost",),
        ),
        steps=(
            Step("Functional sign-off", "done", signatures),
            Step("Executive decision", "current", (), "waiting for A. Novak, due 30 Nov 2026"),
        ),
        provenance=Provenance(
            "Makewhere 0.1.0",
            "1.0.0",
            "MSC manufacturing location v1",
            "3f9a1c77e2",
            SIGNED_AT,
            "panel, revision 12",
            DIGEST,
            SIGNED_AT,
        ),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # the names are the dataclass's own, tests pass them by keyword


def ranks() -> charts.RankShares:
    options = (
        charts.OptionRanks("Hybrid", "hybrid", ((0.613, 0.002), (0.3, 0.002), (0.087, 0.001))),
        charts.OptionRanks("CDMO", "cdmo", ((0.387, 0.002), (0.6, 0.002), (0.013, 0.0005))),
        charts.OptionRanks("In-house", "in_house", ((0.0, 0.0), (0.1, 0.002), (0.9, 0.002))),
    )
    return charts.RankShares(options, 16_384)


def ranges() -> charts.WeightRanges:
    row = charts.RangeOfWeight
    rows = (
        row("Strategic control & IP", 0.08, 0.075, 1.0, 0.075, 0.1, below="CDMO"),
        row("Capability fit", 0.15, 0.0, 1.0, 0.0, 1.0),
        row("Operating model realism", 0.18, 0.0, 0.19, 0.1, 0.19, above="CDMO"),
    )
    return charts.WeightRanges(rows, "In-house")


def tornado() -> charts.Tornado:
    swing = charts.Swing
    swings = (
        swing("Strategic control & IP", -2.0, 4.4),
        swing("Patient delivery risk", 1.3, -0.4),
        swing("Supply", 0.3, 0.3),
    )
    return charts.Tornado(swings, 0.3, "In-house", "CDMO")


def breach() -> charts.BreachOverTime:
    panels = (
        charts.BreachPanel("Hybrid", "hybrid", ((0.1, 0.002), (0.7, 0.003)), "in at least one half-year: 70 %"),
        charts.BreachPanel("CDMO", "cdmo", ((0.0, 0.0), (1.0, 0.0))),
    )
    return charts.BreachOverTime(panels, ("0–6", "6–12"), 0.5)
