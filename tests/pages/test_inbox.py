"""The inbox and the links of mails: one's own, true, bounded, and in the right organization."""

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.mail_choices import choices_of
from accounts.models import Notification
from accounts.outbound import notify
from assessments.services.waiting import waiting_for
from tests.factories import PASSWORD, MembershipFactory
from tests.services import scene as scenes

pytestmark = pytest.mark.django_db
ME = "/people/me/notifications/"


@pytest.fixture
def reader():
    return MembershipFactory(with_roles=["viewer"])


@pytest.fixture
def browser(reader):
    client = Client()
    client.force_login(reader.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def tell(member, key="1", kind="ratings_revealed", **more):
    given = {"title": f"News {key}", "url": "/portfolio/", "key": key} | more
    with transaction.atomic():
        notify([member], kind, organization_id=member.organization_id, **given)
    return Notification.objects.get(membership=member, key=key)


def test_an_empty_inbox_says_what_it_is_for(browser):
    page = browser.get("/inbox/").content.decode()
    assert "Nothing waits for you" in page
    assert "You have not been told anything yet" in page


def test_the_inbox_shows_ones_own_unread_first_count_and_nobody_elses(browser, reader):
    tell(reader, "mine")
    tell(MembershipFactory(organization=reader.organization, with_roles=["viewer"]), "CANARY")
    tell(MembershipFactory(user=reader.user, with_roles=["viewer"]), "CANARY-NEXT-DOOR")
    page = browser.get("/inbox/").content.decode()
    assert "News mine" in page and "CANARY" not in page
    assert '<span class="count">1<span class="visually-hidden"> unread</span></span>' in page
    assert "CANARY" not in browser.get("/inbox/?part=told").content.decode()


def test_reading_one_marking_all_and_marking_unread_again(browser, reader):
    first, second = tell(reader, "1"), tell(reader, "2")
    assert browser.get(f"{ME}{first.uuid}/").url == "/portfolio/"
    assert Notification.objects.unread().get() == second
    browser.post(f"/inbox/{first.uuid}/read/", {"act": "unread"})
    assert Notification.objects.unread().count() == 2
    # What came after the page was looked at stays unread.
    answer = browser.post("/inbox/read/", {"newest": first.pk, "show": "unread", "topic": "Scoring"})
    assert answer.url == "/inbox/?show=unread&topic=Scoring"
    assert Notification.objects.unread().get() == second


def test_filters_keep_what_they_name_and_say_when_nothing_fits(browser, reader):
    tell(reader, "rating")
    tell(reader, "lead", "lead_appointed")
    page = browser.get("/inbox/?topic=Scoring").content.decode()
    assert "News rating" in page and "News lead" not in page
    assert "Nothing like that" in browser.get("/inbox/?topic=Approval&show=unread").content.decode()
    assert "News lead" in browser.get("/inbox/?topic=nonsense&page=x").content.decode()


def test_the_state_moves_when_something_is_told_or_read_and_is_304_otherwise(browser, reader):
    before = browser.get("/inbox/state/").headers["ETag"]
    assert browser.get("/inbox/state/", headers={"If-None-Match": before}).status_code == 304
    row = tell(reader)
    told = browser.get("/inbox/state/", headers={"If-None-Match": before})
    assert told.status_code == 200
    browser.post(f"/inbox/{row.uuid}/read/")
    assert browser.get("/inbox/state/").headers["ETag"] not in (before, told.headers["ETag"])


@pytest.mark.parametrize("path", ["/inbox/", "/inbox/state/", "/inbox/count/"])
def test_queries_do_not_grow_with_what_was_told(browser, reader, path):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert browser.get(path).status_code == 200
        return len(found)

    tell(reader, "0")
    browser.get(path)
    few = queries()
    for at in range(1, 130):
        tell(reader, str(at))
    assert queries() == few
    if path == "/inbox/count/":
        assert "99+" in browser.get(path).content.decode()


HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_people_wrote_is_text_on_the_page(browser, reader):
    tell(reader, title=f"Returned {HOSTILE}", body=f"Because {HOSTILE}")
    page = browser.get("/inbox/").content.decode()
    assert HOSTILE not in page
    assert "Returned &lt;img" in page and "Because &lt;img" in page


def test_a_mails_link_survives_sign_in(reader):
    row = tell(reader, url="/people/me/")
    client = Client()
    asked = client.get(f"{ME}{row.uuid}/")
    assert asked.url == f"/accounts/login/?next={ME}{row.uuid}/"
    signed_in = client.post(asked.url, {"login": reader.user.email, "password": PASSWORD}, follow=True)
    assert [step for step, _ in signed_in.redirect_chain] == [f"{ME}{row.uuid}/", "/people/me/"]


def test_a_link_of_another_organization_asks_where_one_was_chosen_and_takes_it_where_none_was(reader):
    other = MembershipFactory(user=reader.user, with_roles=["viewer"])
    row = tell(other, url="/people/me/")
    client = Client()
    client.force_login(reader.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"{ME}{row.uuid}/", follow=True)
    assert other.organization.name in page.content.decode(), "nothing was chosen: the link's organization is"
    client.post("/people/switch/", {"membership": reader.uuid})
    asked = client.get(f"{ME}{row.uuid}/").content.decode()
    assert f"This belongs to {other.organization.name}" in asked
    assert f'name="next" value="{ME}{row.uuid}/"' in asked
    switched = client.post("/people/switch/", {"membership": other.uuid, "next": f"{ME}{row.uuid}/"}, follow=True)
    assert [step for step, _ in switched.redirect_chain] == [f"{ME}{row.uuid}/", "/people/me/"]


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", ""]
)
def test_no_link_leads_out_of_the_product(browser, reader, where):
    assert browser.get(f"/people/go/{reader.uuid}/", {"to": where}).url == "/"
    assert browser.post("/people/switch/", {"membership": reader.uuid, "next": where}).url == "/"


def test_settings_are_kept_and_a_way_that_there_is_not_is_refused(browser, reader):
    given = {name: way for name, way in choices_of(reader).items()} | {"step_open": "daily", "signed": "never"}
    assert browser.post(ME, given).status_code == 302
    now = choices_of(reader)
    assert (now["step_open"], now["signed"], now["review_returned"]) == ("daily", "never", "at_once")
    assert browser.post(ME, given | {"waiting": "at_once"}).status_code == 422
    assert browser.post(ME, given | {"signing_locked": "never"}).status_code == 302
    assert choices_of(reader)["signing_locked"] == "at_once", "nobody turns this one off"


def test_what_waits_comes_from_the_rows_and_not_from_what_was_told():
    scene = scenes.make_scene(ann="cmc")
    scenes.start_scoring(scene)
    Notification.objects.all().update(read_at="2030-01-01T00:00:00Z")
    ann = scene.raters["ann"].now()
    [one] = waiting_for(ann)
    assert (one.kind, one.words) == ("rate", "Rate for CMC")
    client = Client()
    client.force_login(ann.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/inbox/").content.decode()
    assert f'href="/reviews/{scene.review.uuid}/score/"' in page


@pytest.mark.parametrize("newest", ["²", "٣", "-1", "", "9" * 5000, "9" * 18])
def test_marking_all_as_read_takes_any_text_for_the_newest(browser, reader, newest):
    tell(reader)
    assert browser.post("/inbox/read/", {"newest": newest}).status_code == 302
    assert not Notification.objects.unread().exists()


def test_the_page_counts_what_is_unread_as_the_bar_does(browser, reader, monkeypatch):
    monkeypatch.setattr("accounts.reading.MOST_COUNTED", 2)
    for key in "123":
        tell(reader, key)
    page = browser.get("/inbox/").content.decode()
    assert '<span class="muted small">2 unread</span>' in page
    assert '<span class="count">2<span' in page
