"""Mail through real workers: nothing that was told is lost or sent twice, whatever dies or is emptied meanwhile."""

import email
from collections import Counter
from email import policy

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Outbound
from accounts.outbound import notify
from assessments.models import Job
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.running_demo import until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
FILES = "accounts.mail_files.EmailBackend"


@pytest.fixture
def people():
    organization = OrganizationFactory()
    return [MembershipFactory(organization=organization, with_roles=["viewer"]) for _ in range(12)]


def tell(people, key="1"):
    with transaction.atomic():
        notify(
            people,
            "step_open",
            organization_id=people[0].organization_id,
            title="Sign: Executive decision",
            url="/portfolio/",
            key=key,
        )


def received(folder):
    """{Message-ID: how many files bear it}."""
    found = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return Counter(message["Message-ID"] for message in found)


def wanted():
    return set(Outbound.objects.values_list("message_id", flat=True))


def all_sent():
    return not Outbound.objects.exclude(state="sent").exists()


def test_a_real_worker_delivers_each_mail_once(people, start_worker, tmp_path):
    folder = tmp_path / "mail"
    start_worker(EMAIL_BACKEND=FILES, EMAIL_FILE_PATH=str(folder))
    tell(people)
    until(all_sent, 60)
    assert received(folder) == Counter(wanted())
    assert Job.objects.get(kind="deliver").attempts == 0


def test_a_flushed_broker_loses_no_mail(people, broker, start_worker, tmp_path):
    folder = tmp_path / "mail"
    tell(people)
    broker.flush()
    start_worker(EMAIL_BACKEND=FILES, EMAIL_FILE_PATH=str(folder))
    until(all_sent, 60)
    assert received(folder) == Counter(wanted())


def test_f1_a_worker_killed_in_the_middle_leaves_at_most_the_one_mail_in_its_hands_to_be_sent_again(
    people, start_worker, tmp_path
):
    folder = tmp_path / "mail"
    settings = {"EMAIL_BACKEND": "tests.workers.slow_mail.EmailBackend", "EMAIL_FILE_PATH": str(folder)}
    worker = start_worker(**settings)
    tell(people)
    until(lambda: len(received(folder)) >= 2, 60)
    worker.kill()
    in_hand = Outbound.objects.filter(state="queued", attempts=1).count()
    assert in_hand <= 1
    # As if the pause of the broken attempt and the lease of its job were over.
    Outbound.objects.filter(state="queued").update(due_at=Now())
    Job.objects.filter(state="running").update(lease_until=Now())
    start_worker(**settings)
    until(all_sent, 60)
    got = received(folder)
    assert set(got) == wanted()
    assert sum(got.values()) - len(got) <= in_hand, "a mail that came twice bears one Message-ID"
    assert Outbound.objects.filter(attempts=2).count() == in_hand
