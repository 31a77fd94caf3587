"""Between two tests that commit nothing of the first is left, and what Django keeps of itself goes on as it was."""

import threading

import psycopg
import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType

from accounts.models import Organization
from tests.factories import OrganizationFactory
from tests.support.truncation import Rows, empty_tables

pytestmark = pytest.mark.django_db(transaction=True)


def put_back_nothing(owner_url):
    Rows({}, []).put_back(owner_url)


@pytest.mark.parametrize("empty", [empty_tables, put_back_nothing])
def test_whoever_writes_still_is_waited_for_and_leaves_nothing(empty):
    with psycopg.connect(settings.TEST_APP_URL) as late:
        late.execute(
            "INSERT INTO accounts_organization (uuid, name, slug, time_zone) "
            "VALUES (gen_random_uuid(), 'Late', 'late', 'UTC')"
        )
        emptying = threading.Thread(target=empty, args=(settings.TEST_OWNER_URL,))
        emptying.start()
        emptying.join(0.5)
        assert emptying.is_alive()
        late.commit()
        emptying.join()
    assert not Organization.objects.exists()


def test_a_register_that_keeps_its_rows_takes_a_further_one():
    OrganizationFactory()
    empty_tables(settings.TEST_OWNER_URL)
    with psycopg.connect(settings.TEST_OWNER_URL) as owner:
        owner.execute("INSERT INTO django_content_type (app_label, model) VALUES ('accounts', 'further')")
        owner.rollback()
    assert ContentType.objects.exists()


def test_rows_are_put_back_with_the_numbers_that_come_next():
    first = OrganizationFactory()
    rows = Rows.taken(settings.TEST_OWNER_URL)
    OrganizationFactory()
    rows.put_back(settings.TEST_OWNER_URL)
    assert list(Organization.objects.values_list("pk", flat=True)) == [first.pk]
    assert OrganizationFactory().pk == first.pk + 1
