"""Conditions of an approved decision: who moves them, by which evidence, and what a refusal leaves behind."""

import datetime
import hashlib
import io
import os
import zipfile

import psycopg
import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts import backups
from accounts.models import AuditEvent, Membership, Notification, User
from accounts.permissions import NotAllowed
from assessments.errors import Clash, FileDamaged, Invalid, Missing, WrongState
from assessments.models import Condition, Decision, Evidence
from assessments.services import condition_states, evidence, pruning, reminders, routes
from assessments.services.evidence import Given
from tests.factories import MembershipFactory
from tests.rights.reviews import sign
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import amend, confirm, functional_signed, put, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
DAY, ONE = datetime.date(2026, 5, 4), datetime.timedelta(days=1)
PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"


def office(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


@pytest.fixture(autouse=True)
def _a_folder_for_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def approved_world():
    world = decided_world()
    submit(world)
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    world.review.refresh_from_db()
    return world


begun, world = shared(approved_world)


@pytest.fixture
def row(world):
    return world.review.conditions.get()


def move(world, row, role="rater", **changed):
    values = {"state": "done", "note": "The assay is qualified, report Q-118.", "seen_version": row.version}
    with transaction.atomic():
        return condition_states.move(member=member(world, role), condition_id=row.pk, **values | changed)


def attach(world, row, given, role="rater"):
    with transaction.atomic():
        kept = condition_states.keep_file(member(world, role), row.pk, given)
        return condition_states.attach(member=member(world, role), condition_id=row.pk, kept=kept)


def test_its_owner_moves_it_from_open_to_done_with_note_and_evidence(world, row):
    proposed = world.review.submissions.get().proposed_decisions.get().record
    row = move(world, row, state="in_progress", note="")
    given = Given("Report Q-118", "Q-118 final.pdf", PDF, dated=datetime.date(2026, 5, 4))
    row = move(world, row, given=given)
    assert (row.state, row.done_by, row.note) == (
        "done",
        member(world, "rater"),
        "The assay is qualified, report Q-118.",
    )
    kept = Evidence.objects.get(condition_links__condition=row)
    assert kept.sha256 == hashlib.sha256(PDF).hexdigest() and kept.content_type == "application/pdf"
    assert kept.filename == "Q-118_final.pdf" and "Q-118" not in kept.path
    assert evidence.read_back(kept) == PDF
    assert [one.new for one in AuditEvent.objects.filter(action="condition.moved").order_by("pk")] == [
        {"state": "in_progress"},
        {"state": "done"},
    ]
    assert Notification.objects.get(kind="condition_done").membership == world.people["lead"]
    assert world.review.submissions.get().proposed_decisions.get().record == proposed, "what was signed stays"


def test_done_wants_a_note_and_reopening_a_reason(world, row):
    with pytest.raises(Invalid):
        move(world, row, note=" ")
    row = move(world, row)
    with pytest.raises(Invalid):
        move(world, row, state="open", note="")
    row = move(world, row, state="open", note="The agency asked for another lot.")
    assert (row.state, row.done_at, row.done_by) == ("open", None, None)


def test_nobody_else_moves_it_and_a_stale_version_is_refused(world, row):
    for role in ("viewer", "approver", "auditor", "assessor"):
        with pytest.raises(NotAllowed, match="owner"):
            move(world, row, role)
    with pytest.raises(Clash):
        move(world, row, seen_version=row.version + 1)
    row.refresh_from_db()
    assert row.state == "open" and not AuditEvent.objects.filter(action="condition.moved").exists()


def test_conditions_of_a_decision_that_does_not_stand_do_not_move(world, row):
    world.review.conditions.update(state="open")
    type(world.review).objects.filter(pk=world.review.pk).update(state="superseded")
    with pytest.raises(WrongState):
        move(world, row)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given(filename="a.exe", data=b"MZ"), "A file is one of"),
        (Given(filename="a.pdf", data=b"<html>"), "not what its name"),
        (Given(filename="a.html", data=b"<html>"), "A file is one of"),
        (Given(filename="a.svg", data=b"<svg/>"), "A file is one of"),
        (Given(filename="a.txt", data=b"\xff\xfe\x00"), "not what its name"),
        (Given(filename="a.docx", data=office("xl/a.xml", "[Content_Types].xml")), "not what its name"),
        (
            Given(filename="a.docx", data=office("word/a", "word/vbaProject.bin", "[Content_Types].xml")),
            "not what its name",
        ),
        (Given(filename="a.pdf", data=b""), "empty"),
        (Given(filename="a.txt", data=b"x" * (evidence.MOST_BYTES + 1)), "at most 20 MB"),
        (Given(url="javascript:alert(1)"), "begins with http"),
        (Given(url="ftp://files.example.org/a"), "begins with http"),
        (Given(url="http://[::1"), "begins with http"),
        (Given(url="https://example.org:port/a"), "begins with http"),
        (Given(url="https:///a"), "begins with http"),
        (Given(url="https://example.org/a\nb"), "has no spaces"),
        (Given(url="https://example.org/a b"), "has no spaces"),
        (Given(url="https://example.org/" + "x" * 1000), "at most 1000"),
        (Given(url="http://example.org\\@evil.example/a"), "begins with http"),
        (Given(url="https://ruth:secret@example.org/a"), "no name or password before its host"),
        (Given(url="https://example.org@evil.example/a"), "no name or password before its host"),
        (Given(url="https://ex\u0430mple.org/a"), "xn--mller-kva.example"),  # a Cyrillic letter
        (Given(filename="a.pdf", data=PDF, url="https://example.org/a"), "one of the two"),
        (Given(url="https://example.org/a", dated=DAY, valid_until=DAY - ONE), "before its own date, 4 May 2026"),
        (Given(url="https://example.org/a", dated=datetime.date(1, 1, 1)), "Give a date from 1990 to 2100"),
        (Given(url="https://example.org/a", valid_until=datetime.date(9999, 12, 31)), "Give a date from 1990 to 2100"),
    ],
)
def test_evidence_is_what_it_says_or_refused_and_nothing_is_kept(world, row, given, said, tmp_path):
    with pytest.raises(Invalid) as refusal:
        move(world, row, given=given)
    assert said in refusal.value.problems[0]["message"]
    row.refresh_from_db()
    assert row.state == "open" and not Evidence.objects.exists()
    assert not list(tmp_path.rglob("evidence/*/*"))


def test_evidence_has_no_date_that_has_come_nowhere_yet_and_may_be_valid_for_long(world, row, monkeypatch):
    """A day begins at UTC+14 first: the first of June at 10:00 UTC of the day before."""
    first = datetime.date(2026, 6, 1)
    for hour, dated in ((9, first), (10, first + ONE)):
        moment = datetime.datetime(2026, 5, 31, hour, 30, tzinfo=datetime.UTC)
        monkeypatch.setattr(evidence, "database_now", lambda moment=moment: moment)
        with pytest.raises(Invalid) as refusal:
            move(world, row, given=Given("Report", url="https://example.org/a", dated=dated))
        (problem,) = refusal.value.problems
        assert problem["field"] == "dated" and "its date is today's or an earlier one" in problem["message"]
        row.refresh_from_db()
        assert row.state == "open" and not Evidence.objects.exists()
    move(world, row, given=Given("Report", url="https://example.org/a", dated=first, valid_until=first + 2000 * ONE))
    assert Evidence.objects.get().dated == first


def test_an_office_file_with_any_one_byte_wrong_is_taken_or_refused_and_never_an_error():
    whole = office("[Content_Types].xml", "word/document.xml")
    verdicts = set()
    for at in range(len(whole)):
        for byte in (0, 1, 0x40, 0x7F, 0x80, 0xFF):
            damaged = whole[:at] + bytes([byte]) + whole[at + 1 :]
            try:
                verdicts.add(evidence.checked(Given(filename="a.docx", data=damaged))[0])
            except Invalid as refusal:
                verdicts.add(refusal.problems[0]["field"])
    assert verdicts == {"a.docx", "file"}


def test_a_path_in_a_file_name_leads_nowhere(world, row):
    move(world, row, given=Given(filename="../../etc/passwd.pdf", data=PDF))
    kept = Evidence.objects.get()
    assert kept.filename == "passwd.pdf" and ".." not in kept.path


@pytest.mark.parametrize("name", ["\U0001f4a5.pdf", "+++.pdf", "...pdf", "x" * 300 + ".PDF"])
def test_a_file_of_any_name_gets_one_that_every_disk_takes(world, row, name):
    move(world, row, given=Given(filename=name, data=PDF))
    kept = Evidence.objects.get()
    assert kept.filename.endswith(".pdf") and 4 < len(kept.filename) <= evidence.LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u0930\u093f\u092a\u094b\u0930\u094d\u091f.pdf",)
        * 2,  # Hindi, with its vowel signs
        ("\u0645\u06cc\u200c\u0631\u0648\u062f.pdf",) * 2,  # Persian, with the joiner that its spelling asks for
        ("Zo\u00eb\u0308 \u202ereport\u200b(2).pdf", "Zo\u00eb\u0308_report2.pdf"),
    ],
)
def test_a_name_keeps_its_letters_with_their_marks_and_nothing_that_is_not_seen(world, row, name, becomes):
    move(world, row, given=Given(filename=name, data=PDF))
    assert Evidence.objects.get().filename == becomes.replace(" ", "_")


def test_a_file_that_was_changed_on_the_disk_is_not_handed_out(world, row, tmp_path):
    move(world, row, given=Given(filename="a.pdf", data=PDF))
    kept = Evidence.objects.get()
    (tmp_path / kept.path).write_bytes(PDF + b"!")
    with pytest.raises(FileDamaged, match="SHA-256"):
        evidence.read_back(kept)


@pytest.mark.parametrize(
    ("month", "today", "late"), [(6, "2026-07-15", False), (6, "2026-07-16", True), (1, "2026-02-16", True)]
)
def test_overdue_begins_the_day_after_the_due_day_and_ends_when_it_is_done(world, row, month, today, late):
    """Month 0 is 15 January 2026, so month 6 ends with 15 July. The database's clock cannot be set: the facts' is."""
    Condition.objects.update(due_month=month)
    organization = world.program.organization
    now = routes.today_in(organization)
    due = Condition.objects.with_due_on().get().due_on
    assert due == datetime.date(2026, 1 + month, 15)
    assert (due < datetime.date.fromisoformat(today)) is late
    assert Condition.objects.overdue(organization).exists() is (due < now)
    move(world, row)
    assert not Condition.objects.overdue(organization).exists()


@pytest.mark.parametrize("left", [None, "membership", "account"])
def test_the_last_signature_is_refused_while_a_condition_lacks_an_owner_who_is_here(left):
    world = decided_world()
    submit(world)
    functional_signed(world)
    owner = world.people["rater"]
    before = confirm(world, "approver", "executive")
    if left is None:
        world.review.conditions.update(owner=None)
    elif left == "membership":
        Membership.objects.filter(pk=owner.pk).update(is_active=False)
    else:
        User.objects.filter(pk=owner.user_id).update(is_active=False)
    with pytest.raises(Missing, match="owner and a date") as refusal, transaction.atomic():
        sign(member(world, "approver"), step_of(world, "executive"))
    said = f"an owner who can see to it ({owner.name} left)" if left else "an owner"
    assert refusal.value.things[0]["message"] == f"This condition lacks {said}."
    with pytest.raises(Missing):  # also with a grant from before
        put(world, before, "approver", "executive")
    world.review.refresh_from_db()
    assert world.review.state == "in_approval" and not Decision.objects.exists()
    with pytest.raises(Missing), transaction.atomic():
        amend(world)
    entries = [{"key": world.review.conditions.get().key, "owner": world.people["lead"], "due_month": 6}]
    amend(world, conditions=entries)
    sign(member(world, "approver"), step_of(world, "executive"))
    assert Decision.objects.exists()


def test_a_condition_is_handed_over_with_a_reason_and_both_are_told_while_the_record_stays(world, row):
    proposed = world.review.submissions.get().proposed_decisions.get().record
    rater, viewer, lead = (world.people[role] for role in ("rater", "viewer", "lead"))
    given = {
        "condition_id": row.pk,
        "owner": viewer.uuid,
        "reason": "She runs the audits.",
        "seen_version": row.version,
    }
    gone = MembershipFactory(organization=world.program.organization, with_roles=["assessor"], is_active=False)
    before = AuditEvent.objects.count()
    for role, changed, refused, words in (
        ("viewer", {}, NotAllowed, "hand it over"),
        ("approver", {}, NotAllowed, "hand it over"),
        ("lead", {"reason": " "}, Invalid, "Say why"),
        ("lead", {"owner": gone}, Invalid, "left. Choose somebody"),
        ("lead", {"owner": rater}, Invalid, "owns it already"),
        ("lead", {"seen_version": row.version + 1}, Clash, "There is no version 2 of this condition"),
        ("lead", {"seen_version": 0}, Clash, "meanwhile"),
    ):
        with pytest.raises(refused, match=words), transaction.atomic():
            condition_states.hand_over(member=member(world, role), **given | changed)
    row.refresh_from_db()
    assert row.owner == rater and AuditEvent.objects.count() == before
    row = condition_states.hand_over(member=member(world, "lead"), **given)
    event = AuditEvent.objects.get(action="condition.handed_over")
    assert (event.old, event.new) == ({"owner": rater.name, "left": False}, {"owner": viewer.name})
    assert (event.actor, event.reason) == (lead, "She runs the audits.")
    told = Notification.objects.filter(url__contains=str(row.uuid), title__contains=row.title, actor=lead)
    assert set(told.values_list("membership", "kind")) == {
        (viewer.pk, "condition_assigned"), (rater.pk, "condition_handed_over")
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        move(world, row)
    assert world.review.submissions.get().proposed_decisions.get().record == proposed
    Membership.objects.filter(pk=viewer.pk).update(is_active=False)
    assert list(Condition.objects.left_behind()) == [row] and Condition.objects.get().owner_left
    row = condition_states.hand_over(member=member(world, "admin"), **given | {"owner": rater, "seen_version": None})
    assert not Condition.objects.left_behind().exists() and not Condition.objects.get().owner_left
    assert AuditEvent.objects.filter(action="condition.handed_over", old__left=True).count() == 1
    row = move(world, row)
    with pytest.raises(WrongState, match="is done"), transaction.atomic():
        condition_states.hand_over(member=member(world, "lead"), **given | {"seen_version": None})


def test_evidence_is_attached_in_any_state_and_removed_with_a_reason_that_the_trail_keeps(world, row):
    kept = attach(world, row, Given("Audit", url="https://example.org/a"))
    taken = {"member": member(world, "rater"), "condition_id": row.pk, "evidence_id": kept.pk}
    for refused, changed in ((Invalid, {"reason": " "}), (NotAllowed, {"member": member(world, "viewer")})):
        with pytest.raises(refused), transaction.atomic():
            condition_states.remove_evidence(**taken | {"reason": "Wrong site."} | changed)
    kept.refresh_from_db()
    assert kept.removed_at is None
    condition_states.remove_evidence(**taken, reason="Wrong site.")
    event = AuditEvent.objects.get(action="evidence.removed")
    assert (event.reason, event.old["title"], event.actor) == ("Wrong site.", "Audit", member(world, "rater"))
    row.refresh_from_db()
    assert row.state == "open" and row.evidence_links.count() == 1


def test_a_done_condition_keeps_what_it_was_closed_with_until_it_is_in_progress_again(world, row):
    row = move(world, row, given=Given("Q-118", "Q-118.pdf", PDF))
    taken = {"member": member(world, "rater"), "condition_id": row.pk, "reason": "Superseded."}
    kept = Evidence.objects.get()
    with pytest.raises(WrongState, match="in progress with the reason"), transaction.atomic():
        condition_states.remove_evidence(**taken, evidence_id=kept.pk)
    kept.refresh_from_db()
    assert kept.removed_at is None and not AuditEvent.objects.filter(action="evidence.removed").exists()
    move(world, row, state="in_progress", note="The report was replaced.")
    assert condition_states.remove_evidence(**taken, evidence_id=kept.pk).removed_at is not None


def test_a_file_is_written_before_any_lock_and_goes_a_day_after_its_transaction_was_rolled_back(
    world, row, tmp_path, monkeypatch
):
    """What a refusal under the lock leaves behind is a file without a row, and no longer than a day."""
    stood = attach(world, row, Given("Q-118", "Q-118.pdf", PDF))
    written = []
    monkeypatch.setattr(condition_states, "_locked", lambda *given: written.extend(files_in(tmp_path)) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        attach(world, row, Given("Q-119", "Q-119.pdf", PDF))
    (orphan,) = [path for path in written if path != stood.path]
    cut_short = tmp_path / "evidence" / "1" / ".abc.def.part"
    cut_short.parent.mkdir(parents=True, exist_ok=True)
    cut_short.write_bytes(PDF[:4])
    assert evidence.prune_orphans(10) == 0, "it may still be waiting for its row"
    for path in (stood.path, orphan, cut_short.relative_to(tmp_path)):
        os.utime(tmp_path / path, (0, 0))
    assert evidence.prune_orphans(1) == 1 and pruning.prune()["files"] == 1
    assert files_in(tmp_path) == [stood.path] and evidence.read_back(stood) == PDF
    with pytest.raises(NotAllowed):
        attach(world, row, Given("Q-120", "Q-120.pdf", PDF), role="viewer")
    assert files_in(tmp_path) == [stood.path], "who may not attach writes nothing"


def test_while_a_backup_is_made_no_stored_file_goes(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    orphan = tmp_path / "evidence" / "1" / "abc"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(PDF)
    os.utime(orphan, (0, 0))
    with psycopg.connect(settings.TEST_OWNER_URL) as backup:
        backup.execute("SELECT pg_advisory_lock(%s)", [backups.LOCK])
        assert evidence.prune_orphans(10) == 0 and orphan.exists()
        # A server may take its time to notice that a connection was closed.
        backup.execute("SELECT pg_advisory_unlock(%s)", [backups.LOCK])
    assert evidence.prune_orphans(10) == 1 and not orphan.exists()


def files_in(folder):
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def test_evidence_ends_with_its_last_day_and_the_owner_is_told_once(world, row):
    kept = attach(world, row, Given("Audit", url="https://example.org/a", valid_until=DAY))
    assert [kept.has_expired(day) for day in (DAY, DAY + ONE)] == [False, True]
    assert AuditEvent.objects.get(action="evidence.added").new["valid_until"] == "2026-05-04"
    move(world, row)
    for day in (DAY, DAY + ONE, DAY + 2 * ONE):
        reminders.remind(today=day)
    told = Notification.objects.get(kind="evidence_expired")
    assert told.membership == world.people["rater"] and told.title.startswith(
        "Evidence was valid until 4 May 2026: Audit"
    )
    organization = world.program.organization
    Evidence.objects.update(valid_until=routes.today_in(organization) + ONE)
    assert not Condition.objects.with_expired_evidence(organization).get().evidence_expired
    Evidence.objects.update(valid_until=routes.today_in(organization) - ONE)
    assert Condition.objects.with_expired_evidence(organization).get().evidence_expired
    Evidence.objects.update(removed_at=Now())
    assert not Condition.objects.with_expired_evidence(organization).get().evidence_expired
