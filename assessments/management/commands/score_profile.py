"""Score profile files facts-only, without a database: for continuous integration, scripts and trying a framework."""

import datetime
import json
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from assessments.scoring.framework import Framework, FrameworkErrors
from assessments.scoring.full import full
from assessments.scoring.headline import Problem
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import ProfileErrors, read_profile

DEFAULT = Path(__file__).resolve().parents[2] / "frameworks" / "msc_location.yaml"


def as_line(card: dict[str, Any]) -> dict[str, Any]:
    """The scorecard in the shape of the command's output; numbers unrounded."""
    options = {}
    for key, option in card["facts"]["options"].items():
        derived = card["derived"][key]
        options[key] = {
            "total": option["total"],
            "dimensions": {name: one["value"] for name, one in option["dimensions"].items()},
            "scores": option["scores"],
            "ready_month": derived.get("ready"),
            "coverage": derived.get("coverage"),
            "cost_per_lot_kusd": derived.get("cost_per_lot"),
            "blocked_by": option["blocked_by"],
        }
    return {
        "options": options,
        "gates": [{key: gate[key] for key in ("id", "effect", "options", "message")} for gate in card["gates"]],
        "lenses": {key: lens["totals"] for key, lens in card["lenses"].items()},
        "scenarios": {
            key: {part: one[part] for part in ("winner", "runner_up", "margin", "unblocked")}
            for key, one in card["scenarios"].items()
        },
        "robustness": {"first_share": {key: one["value"] for key, one in card["robustness"]["first_share"].items()}},
        "risk": {
            key: {
                "slip_p50": one["slip"]["p50"],
                "slip_p80": one["slip"]["p80"],
                "cost_mean": one["cost"]["mean"],
                "cost_p80": one["cost"]["p80"],
                "by_category": {category: part["slip"] for category, part in one["by_category"].items()},
            }
            for key, one in card.get("risk", {"options": {}})["options"].items()
        },
        "verdict": {
            part: card["verdict"][part]
            for part in ("kind", "option", "runner_up", "margin", "first_share", "scenarios_kept", "conditions")
        },
    }


def as_table(name: str, card: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{name}: {card['verdict']['sentence']}"]
    for option in card["options"]:
        row = card["facts"]["options"][option["key"]]
        blocked = f"  blocked by {', '.join(row['blocked_by'])}" if row["blocked"] else ""
        share = card["robustness"]["first_share"][option["key"]]["value"]
        late = card["risk"]["options"][option["key"]]["slip"] if "risk" in card else None
        slip = f", delay {late['p50']:.1f} to {late['p80']:.1f} months" if late else ""
        lines.append(f"  {option['name']:<24}{row['total'] or 0:6.1f}  first in {share:4.0%} of weights{slip}{blocked}")
    lines += [
        f"  {gate['id']} {gate['effect']}: {gate['message']} ({', '.join(gate['options'])})" for gate in card["gates"]
    ]
    return "\n".join(lines)


class Command(BaseCommand):
    help = "Score profile files with a framework, facts only; needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("profiles", nargs="+", metavar="PROFILE.yaml")
        parser.add_argument("--criteria", default=str(DEFAULT), metavar="FILE.yaml")
        parser.add_argument("--json", action="store_true", help="one JSON object a line, numbers unrounded")
        parser.add_argument("--compat-demo", action="store_true", help="the risk model of the demo programs' figures")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            framework = Framework.from_data(self.read(options["criteria"]))
        except FrameworkErrors as errors:
            said = "\n".join(f"{options['criteria']}: {place}: {text}" for place, text in errors.problems)
            raise CommandError(said, returncode=2) from errors
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        for path in options["profiles"]:
            try:
                facts = read_profile(self.read(path), framework.schema, assessment_date=today)
                card = full(Problem(framework, facts), compat=options["compat_demo"])
            except ProfileErrors as errors:
                said = "\n".join(
                    f"{path}: {field}{f' ({option})' if option else ''}: {text} (given: {value!r})"
                    for field, option, value, text in errors.problems
                )
                raise CommandError(said, returncode=2) from errors
            except EvaluationError as error:
                raise CommandError(f"{path}: {error}", returncode=2) from error
            self.stdout.write(json.dumps(as_line(card)) if options["json"] else as_table(path, card))

    @staticmethod
    def read(path: str) -> Any:
        try:
            return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise CommandError(f"{path}: {error}", returncode=2) from error
