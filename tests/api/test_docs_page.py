"""The documentation page in a real browser, under the content security policy that every page has."""

import os

import pytest
from django.conf import settings
from django.test import Client

from tests.rights.world import make_people
from tests.support.browser import chromium


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_shows_every_topic_and_violates_no_policy(live_server):
    client = Client()
    client.force_login(make_people()["viewer"].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    said = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1360, "height": 900})
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        answer = page.goto(f"{live_server.url}/api/v1/docs/")
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        page.wait_for_selector(".opblock-tag", timeout=20_000)
        topics = set(page.locator(".opblock-tag").evaluate_all("rows => rows.map(row => row.dataset.tag)"))
        page.locator(
            "#operations-reviews-reviews_retrieve summary, #operations-reviews-reviews_retrieve button"
        ).first.click()
        page.wait_for_selector("#operations-reviews-reviews_retrieve .responses-table")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/api_docs.png")
            page.emulate_media(color_scheme="dark")
            page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
            page.wait_for_timeout(600)
            page.screenshot(path=f"{folder}/api_docs_dark.png")
            page.evaluate("window.scrollTo(0, 0)")
            page.set_viewport_size({"width": 390, "height": 844})
            page.wait_for_timeout(600)
            page.screenshot(path=f"{folder}/api_docs_phone.png")
    assert {"programs", "facts", "reviews", "ratings", "results", "criteria", "audit", "jobs"} <= topics
    assert said == []
