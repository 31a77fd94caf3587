"""An open page in a real browser asks for its revision as soon as what it shows has moved, not at its next poll."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments import jobs
from assessments.live import announce
from assessments.models import Job, Review
from assessments.services import drafts
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.services.facts_world import FactsWorld
from tests.support.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page():
    with chromium() as browser:
        yield browser.new_page()


def test_a_page_hears_across_the_two_ports_of_one_host(web, live, page, cookies_of):
    world = make_world()
    bring_review_to(world, "reconciling")
    for job in Job.objects.filter(kind=Job.Kind.RESCORE):
        jobs.run(job.pk)
    review = Review.objects.get()
    for name, value in cookies_of(world.people["lead"]).items():
        page.context.add_cookies([{"name": name, "value": value, "url": web, "httpOnly": True}])
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    with page.expect_response(lambda answer: "/live/events/" in answer.url) as stream:
        page.goto(web + reverse("assessments:review_result", args=[review.uuid]))
    assert stream.value.status == 200
    state = reverse("assessments:review_state", args=[review.uuid])
    page.wait_for_load_state()
    page.wait_for_timeout(2000)  # what the page asks by itself when it opens
    with page.expect_response(lambda answer: answer.url.endswith(state), timeout=5000) as asked:
        announce(review, review.inputs_revision)
    assert asked.value.status in (200, 304)
    assert complaints == []


def test_facts_that_others_change_arrive_on_an_open_page_but_not_under_ones_cursor(web, live, page, cookies_of):
    world = FactsWorld()
    world.fill()
    for name, value in cookies_of(world.lead).items():
        page.context.add_cookies([{"name": name, "value": value, "url": web, "httpOnly": True}])
    section = drafts.read_draft(world.program).schema.fields["open_steps"].section
    with page.expect_response(lambda answer: "/live/events/" in answer.url):
        page.goto(f"{web}{reverse('assessments:program_facts', args=[world.program.uuid])}?section={section}")
    page.wait_for_timeout(2000)  # what the page asks by itself when it opens
    here = page.locator("#fact-open_steps input[type=number], #fact-open_steps input[type=text]").first

    def changed_elsewhere(value):
        now = drafts.read_draft(world.program).cell("open_steps")
        drafts.edit_field(
            member=world.lead, program=world.program, field="open_steps", value=value, seen_version=now.version
        )

    changed_elsewhere(7)
    expect(here).to_have_value("7", timeout=8000)
    here.focus()
    with page.expect_response(lambda answer: "/facts/moved/" in answer.url, timeout=8000):
        changed_elsewhere(8)
    page.wait_for_timeout(300)
    assert here.input_value() == "7"
    here.blur()
    expect(here).to_have_value("8", timeout=8000)
