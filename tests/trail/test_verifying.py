"""AT-3, AT-4: whoever changes the trail in the tables is found, and the first number that is wrong is named."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import anchors, chain, people, sealing, trail_watch
from accounts.audit import event_digest
from accounts.models import AuditEvent, AuditSeal, AuditSealEntry, Notification

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(organization, write):
    """Nine entries in three seals."""
    for _ in range(2):
        write(3)
        sealing.seal(organization.pk)
    write(2)
    sealing.seal(organization.pk)
    assert chain.verify(organization).sealed == 9
    return organization


def event_at(number: int) -> AuditEvent:
    return AuditEvent.objects.get(entry__number=number)


def first_fault(organization, kept=None) -> chain.Fault:
    result = chain.verify(organization, kept)
    assert not result
    return result.faults[0]


@pytest.mark.parametrize("digest_too", [False, True])
def test_an_edit_is_named(sealed, tamper, digest_too):
    event = event_at(5)
    event.reason = "Never said"
    tamper(
        "UPDATE accounts_auditevent SET reason = %s, digest = %s WHERE id = %s",
        event.reason,
        event_digest(event) if digest_too else event.digest,
        event.pk,
    )
    assert first_fault(sealed).number == 5


def test_a_deletion_is_named(sealed, tamper):
    tamper("DELETE FROM accounts_auditevent WHERE id = %s", event_at(4).pk)
    assert first_fault(sealed) == chain.Fault(4, "The event is gone.")


def test_a_deletion_with_its_entry_is_named(sealed, tamper):
    event = event_at(4)
    tamper("DELETE FROM accounts_auditsealentry WHERE event_id = %s", event.pk)
    tamper("DELETE FROM accounts_auditevent WHERE id = %s", event.pk)
    fault = first_fault(sealed)
    assert fault.number == 4 and "next one that is there has number 5" in fault.message


def test_a_swap_is_named(sealed, tamper):
    third, sixth = event_at(3), event_at(6)
    tamper("UPDATE accounts_auditsealentry SET event_id = -1 WHERE event_id = %s", third.pk)
    tamper("UPDATE accounts_auditsealentry SET event_id = %s WHERE event_id = %s", third.pk, sixth.pk)
    tamper("UPDATE accounts_auditsealentry SET event_id = %s WHERE event_id = -1", sixth.pk)
    assert first_fault(sealed).number == 3


def forged(like: AuditEvent) -> AuditEvent:
    """An event put in beside another one, with a digest of its own that is right."""
    event = AuditEvent.objects.get(pk=like.pk)
    event.pk, event.uuid = None, AuditEvent._meta.get_field("uuid").default()
    event.object_label = "put in"
    event.digest = event_digest(event)
    event.save(force_insert=True)
    return event


def test_an_insertion_is_named(sealed):
    """Even the application's role may insert; an event in a time that is sealed already is found all the same."""
    forged(event_at(5))
    assert first_fault(sealed).number == 8, "its transaction's events end with number 7: it would stand after them"


def test_an_insertion_with_a_number_is_named(sealed, tamper):
    event = forged(event_at(5))
    tamper("UPDATE accounts_auditsealentry SET number = number + 1000 WHERE number > 5")
    tamper("UPDATE accounts_auditsealentry SET number = number - 999 WHERE number > 1000")
    entry = AuditSealEntry.objects.get(number=5)
    AuditSealEntry.objects.create(
        organization=sealed,
        seal_id=entry.seal_id,
        event=event,
        number=6,
        digest=sealing.chained(entry.digest, 6, event.digest),
    )
    assert first_fault(sealed).number == 7, "number 6 chains on; what came after it does not"


def cut(tamper, after: int) -> None:
    """Cut the newest entries with their events and seals, and leave whole what stays: only an anchor can tell."""
    gone = list(AuditSealEntry.objects.filter(number__gt=after).values_list("event_id", flat=True))
    tamper("DELETE FROM accounts_auditsealentry WHERE number > %s", after)
    tamper("DELETE FROM accounts_auditevent WHERE id = ANY(%s)", gone)
    tamper("DELETE FROM accounts_auditseal WHERE first_number > %s", after)


def test_at_4_a_cut_end_is_found_by_the_anchor(organization, write, tamper, anchor_file):
    for _ in range(3):
        write(3)
        sealing.seal(organization.pk)
    kept = anchors.of(organization, anchor_file.path)
    assert chain.verify(organization, kept).anchored == 10
    cut(tamper, 7)
    assert chain.verify(organization), "without the anchor nothing shows"
    fault = first_fault(organization, kept)
    assert fault.number == 8 and "anchored to number 10" in fault.message


def test_a_cut_end_whose_seal_stays_is_found_without_an_anchor(sealed, tamper):
    tamper("DELETE FROM accounts_auditsealentry WHERE number > 8")
    assert first_fault(sealed).number == 9


def test_at_4_a_trail_written_anew_from_the_middle_is_found_by_the_anchor(organization, write, tamper, anchor_file):
    """With the rights of the owner all digests can be computed again; the anchor still knows the former ones."""
    write(4)
    sealing.seal(organization.pk)
    kept = anchors.of(organization, anchor_file.path)
    event = event_at(3)
    event.reason = "Never said"
    tamper(
        "UPDATE accounts_auditevent SET reason = %s, digest = %s WHERE id = %s",
        event.reason,
        event_digest(event),
        event.pk,
    )
    digest = ""
    for entry in AuditSealEntry.objects.order_by("number").select_related("event"):
        digest = sealing.chained(digest, entry.number, event_digest(entry.event))
        tamper("UPDATE accounts_auditsealentry SET digest = %s WHERE id = %s", digest, entry.pk)
    tamper("UPDATE accounts_auditseal SET digest = %s", digest)
    assert chain.verify(organization)
    assert "written anew" in first_fault(organization, kept).message


def test_a_seal_that_is_gone_is_named(sealed, tamper):
    second = AuditSeal.objects.get(number=2)
    tamper("UPDATE accounts_auditsealentry SET seal_id = %s WHERE seal_id = %s", second.pk + 1, second.pk)
    tamper("DELETE FROM accounts_auditseal WHERE id = %s", second.pk)
    assert first_fault(sealed).number == second.first_number


def test_an_event_of_a_transaction_that_never_began_is_named(sealed, tamper):
    event = forged(event_at(9))
    tamper("UPDATE accounts_auditevent SET transaction_id = 4611686018427387904 WHERE id = %s", event.pk)
    assert first_fault(sealed).number == 10


def test_what_is_younger_than_the_last_seal_is_said_to_be_unsealed(sealed, write):
    write(2)
    result = chain.verify(sealed)
    assert result and (result.sealed, result.younger) == (9, 2)
    assert result.oldest == AuditEvent.objects.order_by("pk").values_list("at", flat=True)[9]


def test_a_restore_sets_the_anchors_back_and_says_what_is_lost(organization, write, tamper, anchor_file):
    write(3)
    sealing.seal(organization.pk)
    write(3)
    sealing.seal(organization.pk)
    cut(tamper, 4)
    sealing.after_restore(organization)
    write(1)
    sealing.seal(organization.pk)
    result = chain.verify(organization, anchors.of(organization, anchor_file.path))
    assert result, result.faults
    assert (result.sealed, result.anchored, result.lost_through) == (5, 5, 7)


def restored(number: int, cause: str = "seal") -> anchors.Anchor:
    return anchors.Anchor("one", number, f"digest {number}", cause, "2026-01-01T00:00:00+00:00")


def test_many_restores_are_read_in_one_pass():
    """Each goes back to the state after a line that is itself a restore's: read anew each time, this would never end."""
    lines = [restored(1)]
    for at in range(25):
        lines += [restored(2 + at), restored(1, anchors.RESTORE)]
    held = anchors.standing([*lines, restored(2)])
    assert sorted(held.by_number) == [1, 2]
    assert held.lost_through == 26


def test_a_restore_goes_back_to_what_held_when_its_head_was_anchored():
    first, second, third = restored(1), restored(2), restored(3)
    other = anchors.Anchor("one", 1, "of another line of time", "seal", first.at)
    held = anchors.standing([first, second, third, other, restored(2, anchors.RESTORE)])
    assert {number: one.digest for number, one in held.by_number.items()} == {1: first.digest, 2: second.digest}
    assert held.lost_through == 3
    unknown = anchors.standing([first, third, restored(2, anchors.RESTORE)])
    assert sorted(unknown.by_number) == [1, 2]


def at_minute(number: int, cause: str, minute: int) -> anchors.Anchor:
    digest = "" if cause == anchors.UNDONE else f"digest {number} of {minute if number > 2 else 0}"
    return anchors.Anchor("one", number, digest, cause, f"2026-01-01T00:{minute:02}:00+00:00")


def test_a_restore_that_was_undone_leaves_what_held_before_it_and_a_finished_one_stays():
    first = [at_minute(1, "seal", 1), at_minute(2, "seal", 2), at_minute(4, "seal", 3)]
    finished = [at_minute(2, anchors.RESTORE, 10), at_minute(3, "seal", 11)]
    cut_short = [at_minute(2, anchors.RESTORE, 20), at_minute(3, "seal", 21)]
    undone = at_minute(0, anchors.UNDONE, 20)
    held = anchors.standing([*first, *finished, *cut_short, undone])
    assert held == anchors.standing([*first, *finished])
    assert (held.by_number[3].digest, held.lost_through) == ("digest 3 of 11", 4)
    assert anchors.standing([*first, *cut_short, undone]) == anchors.standing(first), "nothing is lost"
    assert anchors.standing([*first, *finished, undone]) == held, "the one that was broken off had anchored nothing yet"
    twice = [*first, *cut_short, undone, undone, at_minute(5, "seal", 30)]
    assert sorted(anchors.standing(twice).by_number) == [1, 2, 4, 5]
    again = anchors.standing([*first, *cut_short, undone, at_minute(2, anchors.RESTORE, 30), at_minute(3, "seal", 31)])
    assert (sorted(again.by_number), again.by_number[3].digest, again.lost_through) == ([1, 2, 3], "digest 3 of 31", 4)


@pytest.mark.parametrize("leave", ["nothing", "an empty file"])
def test_anchors_that_are_gone_are_a_fault_and_no_reason_to_do_without(
    organization, admin, write, tamper, anchor_file, leave
):
    write(3)
    sealing.seal(organization.pk)
    assert "anchored to number 4" in said()[0]
    anchor_file.path.unlink()
    if leave == "an empty file":
        anchor_file.path.touch()
    result = trail_watch.verify(organization.pk)
    assert [fault.number for fault in result.faults] == [0]
    told = Notification.objects.get(kind="integrity_failed", membership=admin)
    assert told.title == "The anchors of the audit trail are gone" and "number 4" in told.body
    err = io.StringIO()
    with pytest.raises(CommandError, match="northbridge does not verify"):
        call_command("verify_audit", stdout=io.StringIO(), stderr=err)
    assert "The anchors are gone: the trail is sealed to number 4" in err.getvalue()
    tamper("UPDATE accounts_auditevent SET actor_name = 'x' WHERE id = %s", event_at(2).pk)
    kept = anchors.kept_of(organization)
    assert [fault.number for fault in chain.verify(organization, kept).faults] == [2, 0]


def test_with_nothing_sealed_no_anchor_is_missed(organization, write, anchor_file):
    write(1)
    assert chain.verify(organization, anchors.kept_of(organization))
    assert "0 entries match" in said()[0]


def test_the_log_tells_that_the_anchors_are_gone_when_the_next_seal_makes_the_file_anew(
    organization, write, anchor_file, caplog
):
    sealing.seal(organization.pk)
    write(1)
    sealing.seal(organization.pk)
    assert "audit_anchors_gone" not in caplog.text
    anchor_file.path.unlink()
    write(1)
    sealing.seal(organization.pk)
    assert "audit_anchors_gone" in caplog.text


def test_anchors_that_begin_later_than_the_seals_are_said_by_the_command_and_told_once(
    organization, admin, write, anchor_file
):
    for _ in range(2):
        write(2)
        sealing.seal(organization.pk)
    assert "Warning" not in said()[0]
    anchor_file.path.unlink()
    write(2)
    sealing.seal(organization.pk)
    words = "The anchor file begins at number 7; numbers before it cannot be compared."
    assert f"northbridge: Warning: {words}" in said()[0]
    for _ in range(2):
        result = trail_watch.verify(organization.pk)
        assert result and (result.anchors_begin, result.anchored) == (7, 7), "what can be compared agrees"
    assert AuditEvent.objects.filter(action="audit.verified")[0].new["warnings"][0].startswith(words)
    told = Notification.objects.get(kind="integrity_failed", membership=admin)
    assert told.title == "The anchors of the audit trail begin at number 7" and told.body.startswith(words)


def test_each_run_of_a_round_is_anchored(organization, write, anchor_file, monkeypatch):
    monkeypatch.setattr(sealing, "LARGEST_RUN", 4)
    write(9)
    sealing.seal(organization.pk)
    assert [line["number"] for line in anchor_file()] == [4, 8, 10]
    assert not chain.verify(organization, anchors.kept_of(organization)).anchors_begin


def test_it_reads_a_bounded_number_of_rows_at_a_time(organization, write, django_assert_num_queries):
    write(25)
    sealing.seal(organization.pk)
    walk = chain.step(organization.pk, chain.Walk(), {}, most=10)
    assert (walk.through, walk.done) == (10, False)
    with django_assert_num_queries(2):
        walk = chain.step(organization.pk, walk, {}, most=10)
    assert (walk.through, walk.done) == (20, False)
    assert chain.step(organization.pk, walk, {}, most=10).done


def said(*arguments) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("verify_audit", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_p11_10e_the_command_ends_with_an_error_and_names_the_number(sealed, tamper):
    out, _ = said("--organization", "northbridge")
    assert "9 entries match, no anchors at hand" in out
    tamper("UPDATE accounts_auditevent SET actor_name = 'Someone else' WHERE id = %s", event_at(2).pk)
    err = io.StringIO()
    with pytest.raises(CommandError, match="northbridge does not verify"):
        call_command("verify_audit", stdout=io.StringIO(), stderr=err)
    assert "Number 2: The event (profile.changed) is not as it was written." in err.getvalue()


def test_the_command_refuses_anchors_that_it_cannot_read(sealed, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        said("--anchors", str(tmp_path / "none.jsonl"))
    (tmp_path / "bad.jsonl").write_text('{"organization": "x"}\n')
    with pytest.raises(CommandError, match="Line 1"):
        said("--anchors", str(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.jsonl").write_text(
        '{"organization": "x", "number": 1, "digest": "", "cause": "seal", "at": "soon"}'
    )
    with pytest.raises(CommandError, match="Line 1"):
        said("--anchors", str(tmp_path / "bad.jsonl"))
    with pytest.raises(CommandError, match="no organization"):
        said("--organization", "nobody")


@pytest.mark.parametrize(
    "value",
    [-0.0, 1e22, 1.5e16, 1e-7, 5e-324, 0.1, 123456789012345.6, 1e300, [1.0, {"a": -0.0}], "é\u2028", 10**30],
    ids=str,
)
def test_the_digest_of_an_event_can_be_taken_again_from_its_row_whatever_number_it_holds(organization, value, admin):
    from django.db import transaction

    from accounts.audit import record_event

    with transaction.atomic():
        event = record_event(
            "x.y", organization_id=organization.pk, actor=admin, subject=organization, new={"v": value}
        )
    assert event_digest(AuditEvent.objects.get(pk=event.pk)) == event.digest


def test_f16_what_the_nightly_check_finds_is_an_event_and_admins_and_auditors_are_told_once(sealed, admin, tamper):
    auditor = people.add_member(actor=admin, email="s@x.test", full_name="Sam", roles=("auditor",))
    people.add_member(actor=admin, email="v@x.test", full_name="Vera", roles=("viewer",))
    assert trail_watch.verify(sealed.pk)
    event = AuditEvent.objects.get(action="audit.verified")
    assert (event.channel, event.actor, event.new["entries"]) == ("worker", None, 9)
    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE id = %s", event_at(6).pk)
    for _ in range(2):
        assert not trail_watch.verify(sealed.pk)
    assert AuditEvent.objects.filter(action="audit.found_broken").count() == 2
    told = Notification.objects.filter(kind="integrity_failed")
    assert {one.membership_id for one in told} == {admin.pk, auditor.pk}
    assert "from number 6 on" in told[0].title
