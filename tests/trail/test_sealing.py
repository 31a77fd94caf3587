"""The sealer numbers what is committed and settled, in the order of transactions, without fork or gap."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from accounts import chain, sealing
from accounts.audit import record_event
from accounts.models import AuditEvent, AuditSeal, AuditSealEntry, Organization

pytestmark = pytest.mark.django_db(transaction=True)


def numbers(organization) -> list[int]:
    return list(
        AuditSealEntry.objects.filter(organization=organization).order_by("number").values_list("number", flat=True)
    )


def labels(organization) -> list[str]:
    entries = AuditSealEntry.objects.filter(organization=organization).order_by("number").select_related("event")
    return [entry.event.object_label for entry in entries]


def test_at_3_every_committed_event_gets_the_next_number_once(organization, write):
    write(3)
    first = sealing.seal(organization.pk)
    assert sealing.seal(organization.pk) == [], "nothing new: no seal"
    write(2)
    second = sealing.seal(organization.pk)
    assert numbers(organization) == [1, 2, 3, 4, 5, 6]
    assert [(one.number, one.first_number, one.last_number) for one in (*first, *second)] == [(1, 1, 4), (2, 5, 6)]
    assert second[0].previous_digest == first[0].digest
    assert chain.verify(organization)


def test_at_3_an_event_of_a_transaction_still_open_is_sealed_later_and_in_its_place(organization, write):
    """Sealing up to the largest id would let the late commit land inside a sealed run."""
    opened, go_on = threading.Event(), threading.Event()

    def late():
        try:
            with transaction.atomic():
                record_event(
                    "profile.changed", organization_id=organization.pk, actor=None, subject=organization, label="late"
                )
                opened.set()
                assert go_on.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(late)
        assert opened.wait(20)
        write(1, label="early")
        sealing.seal(organization.pk)
        assert "late" not in labels(organization)
        assert "early 0" not in labels(organization), "it began after one that still runs, so it waits as well"
        result = chain.verify(organization)
        assert result and result.younger == 1, "the other one is not even visible"
        go_on.set()
        running.result(20)
    sealing.seal(organization.pk)
    assert labels(organization)[-2:] == ["late", "early 0"]
    assert chain.verify(organization).younger == 0


def test_a_rolled_back_act_leaves_no_gap(organization, write):
    write(1)
    with pytest.raises(RuntimeError), transaction.atomic():
        record_event("profile.changed", organization_id=organization.pk, actor=None, subject=organization)
        raise RuntimeError
    write(1)
    sealing.seal(organization.pk)
    assert numbers(organization) == [1, 2, 3]


def test_a_run_that_is_cut_goes_on_in_the_middle_of_a_transaction(organization, write, monkeypatch):
    monkeypatch.setattr(sealing, "LARGEST_RUN", 4)
    write(10)
    made = sealing.seal(organization.pk)
    assert [(one.first_number, one.last_number) for one in made] == [(1, 4), (5, 8), (9, 11)]
    assert chain.verify(organization)
    write(1)
    sealing.seal(organization.pk)
    assert numbers(organization) == list(range(1, 13))
    assert chain.verify(organization)


def test_a_round_is_bounded_and_the_next_goes_on(organization, write, monkeypatch):
    monkeypatch.setattr(sealing, "LARGEST_RUN", 4)
    write(20)
    assert len(sealing.seal(organization.pk, most=8)) == 2
    assert len(numbers(organization)) == 8
    sealing.seal(organization.pk)
    assert len(numbers(organization)) == 21


def test_at_7_fifty_writers_and_two_sealers_at_once_leave_a_chain_without_fork_or_gap(organization, admin):
    """AT-7. Fifty writers of one organization, eight at a time, while two sealers seal as fast as they can."""
    ended = threading.Event()

    def writer(which: int):
        try:
            for at in range(6):
                with transaction.atomic():
                    record_event(
                        "profile.changed",
                        organization_id=organization.pk,
                        actor=admin,
                        subject=organization,
                        label=f"{which}.{at}",
                    )
                    if at % 2:  # a transaction that lasts: later ones commit before it
                        with connection.cursor() as cursor:
                            cursor.execute("SELECT pg_sleep(0.01)")
        finally:
            connections.close_all()

    def sealer():
        try:
            while not ended.is_set():
                sealing.seal(organization.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        sealers = [pool.submit(sealer) for _ in range(2)]
        for done in [pool.submit(writer, which) for which in range(50)]:
            done.result(60)
        ended.set()
        for one in sealers:
            one.result(60)
    sealing.seal(organization.pk)
    result = chain.verify(organization)
    assert result, result.faults
    assert (result.sealed, result.younger) == (301, 0)
    assert numbers(organization) == list(range(1, 302))
    assert AuditSeal.objects.filter(organization=organization).count() > 1
    order = list(AuditEvent.objects.order_by("transaction_id", "pk").values_list("pk", flat=True))
    sealed = list(AuditSealEntry.objects.order_by("number").values_list("event_id", flat=True))
    assert sealed == order, "numbers follow the order of transactions"


def test_each_organization_has_a_chain_of_its_own(organization, write):
    from accounts import people

    other = people.found_organization(name="Ostara", slug="ostara", admin_email="o@ostara.test", admin_name="Olga")
    write(2)
    assert sealing.seal_all() == 2
    assert numbers(organization) == [1, 2, 3]
    assert numbers(other.organization) == [1]


def test_an_organization_that_the_database_refuses_stops_no_other(organization, write, monkeypatch, caplog):
    from accounts import people

    other = people.found_organization(name="Ostara", slug="ostara", admin_email="o@ostara.test", admin_name="Olga")
    write(2)
    run = sealing._write

    def refused(organization_id, *more):
        if organization_id == organization.pk:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return run(organization_id, *more)

    with monkeypatch.context() as broken:
        broken.setattr(sealing, "_write", refused)
        assert sealing.seal_all() == 1
    assert (numbers(organization), numbers(other.organization)) == ([], [1])
    assert "audit_not_sealed" in caplog.text and "division by zero" in caplog.text
    assert sealing.seal_all() == 1
    assert numbers(organization) == [1, 2, 3]


def test_at_1_the_application_cannot_change_or_delete_seals(organization, write):
    write(1)
    sealing.seal(organization.pk)
    for statement in (
        "UPDATE accounts_auditseal SET digest = 'x'",
        "DELETE FROM accounts_auditsealentry",
        "TRUNCATE accounts_auditseal CASCADE",
        "UPDATE accounts_auditevent SET reason = 'x'",
    ):
        with psycopg.connect(settings.TEST_APP_URL) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_a_database_of_another_server_is_not_sealed_as_if_nothing_had_happened(organization, write, tamper):
    write(1)
    sealing.seal(organization.pk)
    tamper("UPDATE accounts_auditseal SET below_transaction = 4611686018427387904")
    write(1)
    with pytest.raises(sealing.ForeignTransactions, match="after-restore"):
        sealing.seal(organization.pk)
    assert sealing.seal_all() == 0, "said in the log; other organizations go on"


@pytest.mark.parametrize("shift", [10_000_000, -10_000_000], ids=["older server counted further", "less far"])
def test_after_a_restore_what_was_unsealed_is_sealed_and_counting_begins_anew(
    organization, write, tamper, anchor_file, shift
):
    """Transaction ids of the server that was left mean nothing on this one, whichever of them is larger."""
    write(2)
    sealing.seal(organization.pk)
    write(2, label="unsealed")
    # What a logical restore brings: rows with the transaction ids of another server.
    tamper("UPDATE accounts_auditseal SET below_transaction = greatest(below_transaction + %s, 1)", shift)
    events = list(AuditEvent.objects.order_by("pk"))
    for event in events:
        event.transaction_id = max(event.transaction_id + shift, 1 + event.pk)
        tamper(
            "UPDATE accounts_auditevent SET transaction_id = %s, digest = %s WHERE id = %s",
            event.transaction_id,
            sealing.event_digest(event),
            event.pk,
        )
    digest = ""
    for entry in AuditSealEntry.objects.order_by("number").select_related("event"):
        digest = sealing.chained(digest, entry.number, sealing.event_digest(entry.event))
        tamper("UPDATE accounts_auditsealentry SET digest = %s WHERE id = %s", digest, entry.pk)
    tamper("UPDATE accounts_auditseal SET digest = %s", digest)
    anchor_file.path.unlink()

    made = sealing.after_restore(organization)
    assert [one.cause for one in made] == ["restore"]
    assert labels(organization)[-2:] == ["unsealed 0", "unsealed 1"]
    assert [line["cause"] for line in anchor_file()] == ["restore", "seal"]
    result = chain.verify(organization)
    assert result, result.faults

    write(3, label="new")
    assert chain.verify(organization).younger == 3
    regular = sealing.seal(organization.pk)
    assert [(one.cause, one.last_number - one.first_number + 1) for one in regular] == [("regular", 3)]
    assert labels(organization)[-1] == "new 2"
    result = chain.verify(organization)
    assert result and result.sealed == 8, result.faults


def test_a_restore_with_nothing_unsealed_still_moves_the_watermark(organization, write, tamper):
    sealing.seal(organization.pk)
    tamper("UPDATE accounts_auditseal SET below_transaction = 4611686018427387904")
    made = sealing.after_restore(organization)
    assert (made[0].first_number, made[0].last_number) == (2, 1)
    write(1)
    sealing.seal(organization.pk)
    result = chain.verify(Organization.objects.get())
    assert result and result.sealed == 2, result.faults


def test_at_4_each_new_head_is_anchored_outside_the_database(organization, write, anchor_file):
    write(1)
    sealing.seal(organization.pk)
    sealing.seal(organization.pk)
    write(1)
    sealing.seal(organization.pk)
    lines = anchor_file()
    assert [line["number"] for line in lines] == [2, 3], "a line where something new was sealed, and else none"
    entry = AuditSealEntry.objects.get(number=3)
    assert lines[-1]["digest"] == entry.digest
    assert lines[-1]["organization"] == str(organization.uuid)
    assert oct(anchor_file.path.stat().st_mode & 0o777) == "0o600"


def test_where_the_log_alone_keeps_the_anchors_they_stand_in_it_however_little_is_logged(
    organization, write, app_url, tmp_path
):
    write(1)
    file = tmp_path / "heads.jsonl"
    for anchor, at_hand in (("log", True), (str(file), False)):
        sealed = subprocess.run(
            [sys.executable, "manage.py", "seal_audit"],
            env={
                **os.environ,
                "DATABASE_URL": app_url,
                "DJANGO_SETTINGS_MODULE": "config.settings.dev",
                "AUDIT_ANCHOR": anchor,
                "LOG_LEVEL": "WARNING",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        head = AuditSealEntry.objects.filter(organization=organization).order_by("-number")[0]
        assert ("audit_anchor" in sealed.stderr and head.digest in sealed.stderr) == at_hand
        write(1)
    assert head.digest in file.read_text()


def test_a_sink_that_cannot_be_written_stops_no_sealing(organization, write, settings):
    settings.AUDIT_ANCHOR = "/proc/no/such/place.jsonl"
    write(1)
    sealing.seal(organization.pk)
    assert numbers(organization) == [1, 2]


def test_without_the_oldest_running_transaction_a_late_commit_would_land_in_a_sealed_run(
    organization, write, monkeypatch
):
    """The guard off: this is the fault that the watermark keeps away, and verifying sees it."""

    def careless():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            newest = cursor.fetchone()[0]
        return newest, newest

    opened, go_on = threading.Event(), threading.Event()

    def late():
        try:
            with transaction.atomic():
                record_event("profile.changed", organization_id=organization.pk, actor=None, subject=organization)
                opened.set()
                assert go_on.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(late)
        assert opened.wait(20)
        write(1)
        with monkeypatch.context() as guard:
            guard.setattr(sealing, "transaction_bounds", careless)
            sealing.seal(organization.pk)
        go_on.set()
        running.result(20)
    result = chain.verify(organization)
    assert not result and "no seal holds" in result.faults[0].message
