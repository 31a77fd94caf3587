"""How long a day of the decision watch takes: ten thousand watched decisions in a PostgreSQL of its own.

python bench/watch.py [--json] [--watches 10000] [--rounds 3]

Starts its own PostgreSQL in a temporary folder and stops it. The decisions are synthetic: the demo programs with other
runways, each signed as its result says and judged as its facts suggest. No test; machines differ, and the ratio says how
long a pass takes against the one that finds nothing changed. Goal: the pass of a new month within three minutes.

same day     nothing has changed since the decisions were looked at
next month   a month has passed: every figure is computed on other facts, and those whose answer moved are owed a whole look
whole look   one job each of those that are owed one, causes and all: of a sample
"""

import argparse
import datetime
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config.servers import APP, OWNER, start_postgres  # noqa: E402  # the path above comes first

GOAL_S, SAMPLE, VARIANTS, AT_ONCE = 180, 40, 7, 500
SIGNED = datetime.date(2026, 1, 15)
DAY, LATER = (datetime.datetime(2026, month, 20, tzinfo=datetime.UTC) for month in (1, 2))


def start(stack: ExitStack) -> None:
    """A migrated database, and this process as the application on it."""
    folder = Path(tempfile.mkdtemp(prefix="makewhere-bench-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    postgres = start_postgres(folder)
    stack.callback(postgres.stop)
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": postgres.url(APP, "makewhere"),
            "LOG_LEVEL": "ERROR",
        }
    )
    owner = {**os.environ, "DATABASE_URL": postgres.url(OWNER, "makewhere")}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=owner, check=True)


def templates(framework: Any) -> list[dict[str, Any]]:
    """Signed decisions to copy: facts, what the watch keeps of the record, the option that was chosen."""
    from assessments.models import ProposedDecision
    from assessments.scoring.headline import Problem, headline
    from assessments.scoring.profile import read_profile
    from assessments.services.watches.beginning import signed_figures

    found = []
    for path in sorted((ROOT / "assessments/frameworks/demo").glob("*.yaml")):
        for more in range(VARIANTS):
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            facts = read_profile(document, framework.schema, assessment_date=SIGNED.isoformat())
            facts["program"]["runway_months"] += more
            numbers = headline(Problem(framework, facts))
            suggested = {
                key: {option: {"value": cell["score"], "suggestion": cell["score"]} for option, cell in cells.items()}
                for key, cells in numbers["suggestions"].items()
            }
            option = numbers["verdict"]["option"]
            said = {
                "kind": "recommended" if option else "not_yet",
                "option": {"key": option} if option else None,
                "overrides": [],
                "tripwires": [],
            }
            record = {"format": "", "options": numbers["options"], "result": {"numbers": numbers}, "panel": suggested}
            signed = signed_figures(record, ProposedDecision(record=json.dumps(said)))
            found.append({"facts": facts, "numbers": numbers, "signed": signed, "option": option, "said": said})
    return found


def build(count: int) -> None:
    """As many programs with an approved review, its decision and its watch, looked at on the day of signing."""
    import django

    django.setup()
    from accounts import people
    from accounts.models import Membership
    from assessments import models
    from assessments.services import criteria, frameworks

    founder = people.found_organization(name="Bench", slug="bench", admin_email="a@bench.example", admin_name="Ada Ng")
    admin = Membership.objects.with_rights().get(pk=founder.pk)
    draft = criteria.import_draft(member=admin, document=frameworks.default_document())
    version = criteria.publish(member=admin, version_id=draft.pk, reason="For the measurement.")
    made = templates(frameworks.framework_of(version))
    own = {"organization_id": admin.organization_id}
    for first in range(0, count, AT_ONCE):
        some = [(at, made[at % len(made)]) for at in range(first, min(count, first + AT_ONCE))]
        programs = models.Program.objects.bulk_create(
            models.Program(**own, name=f"Program {at}", criteria_version=version, created_by=admin) for at, _ in some
        )
        revisions = models.ProfileRevision.objects.bulk_create(
            models.ProfileRevision(
                **own, program=program, number=1, facts=one["facts"], option_keys=list(one["facts"]["options"]),
                digest="0" * 64, assessment_date=SIGNED, summary="As measured", criteria_version=version, created_by=admin,
            )
            for program, (_, one) in zip(programs, some, strict=True)
        )  # fmt: skip
        for program, revision in zip(programs, revisions, strict=True):
            program.revision = revision
        models.Program.objects.bulk_update(programs, ["revision"])
        reviews = models.Review.objects.bulk_create(
            models.Review(
                **own, program=program, number=1, question="Where?", state="approved", criteria_version=version,
                revision=revision, opened_by=admin, revealed_at=DAY,
            )
            for program, revision in zip(programs, revisions, strict=True)
        )  # fmt: skip
        rows = list(zip(reviews, revisions, (one for _, one in some), strict=True))
        options = models.ReviewOption.objects.bulk_create(
            models.ReviewOption(**own, review=review, key=one["option"] or "none", kind="cdmo", name="Chosen")
            for review, _, one in rows
        )
        scorecards = models.Scorecard.objects.bulk_create(
            models.Scorecard(
                **own, program=review.program, review=review, revision=revision, criteria_version=version,
                inputs_revision=0, input_digest="0" * 64, engine_version="0", depth="headline", numbers=one["numbers"],
            )
            for review, revision, one in rows
        )  # fmt: skip
        submissions = models.Submission.objects.bulk_create(
            models.Submission(
                **own, review=review, number=1, record="{}", sha256="0" * 64, revision=revision, scorecard=scorecard,
                submitted_by=admin,
            )
            for (review, revision, _), scorecard in zip(rows, scorecards, strict=True)
        )  # fmt: skip
        proposed = models.ProposedDecision.objects.bulk_create(
            models.ProposedDecision(
                **own, submission=submission, number=1, kind=one["said"]["kind"], option=option if one["option"] else None,
                justification="As measured", record=json.dumps(one["said"]), sha256="0" * 64, author=admin,
            )
            for submission, option, (_, _, one) in zip(submissions, options, rows, strict=True)
        )  # fmt: skip
        decisions = models.Decision.objects.bulk_create(
            models.Decision(
                **own, review=review, submission=submission, proposed_decision=said, decided_at=DAY
            )
            for (review, _, _), submission, said in zip(rows, submissions, proposed, strict=True)
        )  # fmt: skip
        models.DecisionWatch.objects.bulk_create(
            models.DecisionWatch(
                **own, review=review, decision=decision, revision=revision, criteria_version=version, scorecard=scorecard,
                figures={"signed": one["signed"]}, since=DAY, wanted=1, seen=1,
            )
            for (review, revision, one), decision, scorecard in zip(rows, decisions, scorecards, strict=True)
        )  # fmt: skip
        look_first([review.pk for review in reviews])


def look_first(reviews: list[int]) -> None:
    """The first look of each, written in bulk: what it found is what every later pass is held against."""
    from assessments.models import DecisionWatch
    from assessments.scoring.headline import ENGINE_VERSION
    from assessments.services.watches import inputs
    from assessments.services.watches.wording import Words

    inputs.database_now = lambda: DAY
    found = inputs.read(DecisionWatch.objects.filter(review__in=reviews))
    rows = []
    for one, seen in zip(found, inputs.look_at(found), strict=True):
        words, row = Words(one, seen), one.watch
        row.figures |= {"now": seen.figures, "reasons": seen.signature}
        row.state, row.sentence, row.causes, row.fired = seen.state, words.sentence(), words.causes([]), words.fired()
        row.engine_version, row.checked_at = ENGINE_VERSION, DAY
        rows.append(row)
    DecisionWatch.objects.bulk_update(
        rows, ["figures", "state", "sentence", "causes", "fired", "engine_version", "checked_at"]
    )


def measure(rounds: int) -> list[dict[str, Any]]:
    """One row a case; runs in a process that does nothing else."""
    import django

    django.setup()
    from django.db import connection

    from assessments import jobs
    from assessments.models import DecisionWatch, Job
    from assessments.services.watches import inputs, running

    queries = [0]

    def count(execute, *given):
        queries[0] += 1
        return execute(*given)

    def timed(call) -> tuple[float, int]:
        before, at = queries[0], time.perf_counter()
        with connection.execute_wrapper(count):
            call()
        return time.perf_counter() - at, queries[0] - before

    def sifted() -> None:
        for _ in running.sift(DecisionWatch.objects.all()):
            pass

    def row(case: str, spent: list[tuple[float, int]], of: int, owed: int | None) -> dict[str, Any]:
        seconds = statistics.median(one for one, _ in spent)
        return {
            "case": case,
            "decisions": of,
            "median_s": round(seconds, 3),
            "ms_each": round(seconds / of * 1000, 3),
            "queries": round(statistics.median(one for _, one in spent)),
            "owed": owed,
            "peak_mb": round(peak_mb()),
        }

    total = DecisionWatch.objects.count()
    inputs.database_now = lambda: DAY
    quiet = [timed(sifted) for _ in range(rounds)]
    found = [row("same day", quiet, total, Job.objects.filter(kind="watch", state="queued").count())]
    inputs.database_now = lambda: LATER
    found.append(row("next month", [timed(sifted)], total, None))
    owed = Job.objects.filter(kind="watch", state="queued").order_by("pk")
    found[-1]["owed"] = owed.count()
    sample = list(owed.values_list("pk", flat=True)[:: max(1, owed.count() // SAMPLE)][:SAMPLE])
    if sample:
        looks = [timed(lambda pk=pk: jobs.run(pk)) for pk in sample]
        found.append(row("whole look", looks, 1, None))
    for one in found:
        one["ratio"] = round(one["ms_each"] / found[0]["ms_each"], 2)
    return found


def peak_mb() -> float:
    held = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in line)
    return int(held.split()[1]) / 1024


def main() -> int:
    """0 where the pass of a new month is within the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with ExitStack() as stack:
        start(stack)
        build(given.watches)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows = pool.apply(measure, (given.rounds,))
    if given.json:
        print(json.dumps({"goal_s": GOAL_S, "rows": rows}, indent=1))
    else:
        print(
            f"{'':12}{'decisions':>10}{'median s':>10}{'ms each':>10}{'ratio':>8}{'queries':>9}{'owed':>7}{'peak MB':>9}"
        )
        for row in rows:
            owed = "-" if row["owed"] is None else row["owed"]
            print(
                f"{row['case']:12}{row['decisions']:>10}{row['median_s']:>10.2f}{row['ms_each']:>10.2f}{row['ratio']:>8.2f}"
                f"{row['queries']:>9}{owed:>7}{row['peak_mb']:>9}"
            )
    return 0 if rows[1]["median_s"] < GOAL_S else 1


if __name__ == "__main__":
    sys.exit(main())
