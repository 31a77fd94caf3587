"""The application's role owns nothing, changes only what may change, and cannot touch records."""

import psycopg
import pytest
from django.apps import apps
from django.db import connection, transaction

from accounts.audit import event_digest, record_event
from accounts.models import AuditEvent, AuditSeal, AuditSealEntry, Organization, TrailReview
from assessments.models import ProfileRevision, ProposedDecision, RatingVersion, Signature, StepReassignment, Submission
from tests.factories import MembershipFactory

FROZEN = (
    AuditEvent,
    AuditSeal,
    AuditSealEntry,
    TrailReview,
    ProfileRevision,
    RatingVersion,
    Submission,
    ProposedDecision,
    Signature,
    StepReassignment,
)
TENANTLESS = {"accounts.user", "accounts.organization"}


@pytest.mark.django_db
def test_the_tests_run_as_the_role_of_the_application():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM pg_tables WHERE tableowner = current_user)")
        assert cursor.fetchone() == ("makewhere_app", 0)


@pytest.mark.django_db
def test_the_application_cannot_make_tables():
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("CREATE TABLE sneaked (id int)")


@pytest.mark.django_db
@pytest.mark.parametrize("model", FROZEN)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_can_neither_change_nor_delete_records(app_url, model, statement):
    """P11-10e, AT-1, AT-6."""
    with psycopg.connect(app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.format(model._meta.db_table))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET reason = 'x'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent CASCADE",
    ],
)
def test_even_the_owner_is_stopped_by_the_trigger(owner_url, statement):
    """AT-1."""
    member = MembershipFactory()
    with transaction.atomic():
        record_event("test.done", organization_id=member.organization_id, actor=member, subject=member)
    with psycopg.connect(owner_url) as owner, pytest.raises(psycopg.errors.RaiseException):
        owner.execute(statement)
    assert AuditEvent.objects.count() == 1


def test_every_tenant_table_names_its_organization():
    """Design section 2: every tenant table, many-to-many tables included, has a non-null organization_id."""
    missing = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in ("accounts", "assessments") or model._meta.label_lower in TENANTLESS:
            continue
        names = {field.name: field for field in model._meta.get_fields() if getattr(field, "column", None)}
        if "organization" not in names or names["organization"].null:
            missing.append(model._meta.label)
    assert missing == []


def test_no_model_hides_a_many_to_many_table():
    hidden = [
        field
        for model in apps.get_models()
        if model._meta.app_label in ("accounts", "assessments")
        for field in model._meta.local_many_to_many
    ]
    assert hidden == []


@pytest.mark.django_db
def test_the_digest_of_an_event_names_a_changed_value():
    member = MembershipFactory()
    with transaction.atomic():
        event = record_event(
            "test.done", organization_id=member.organization_id, actor=member, subject=member, new={"a": 1}
        )
    again = AuditEvent.objects.get(pk=event.pk)
    assert event_digest(again) == again.digest
    again.new = {"a": 2}
    assert event_digest(again) != again.digest


@pytest.mark.django_db(transaction=True)
def test_an_event_vanishes_with_its_act():
    member = MembershipFactory()
    with pytest.raises(RuntimeError):
        record_event("test.done", organization_id=member.organization_id, actor=member, subject=member)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Organization.objects.filter(pk=member.organization_id).update(name="changed")
        record_event("test.done", organization_id=member.organization_id, actor=member, subject=member)
        raise ZeroDivisionError
    assert not AuditEvent.objects.exists()
    assert Organization.objects.get().name != "changed"
