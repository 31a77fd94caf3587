"""The main job in a real browser, by four people: from an empty organization to a signed decision and its report."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assessments.models import Decision, Rating, Report, Review, Signature
from tests.browser.conftest import PASSWORD
from tests.support.browser import PHONE, WIDE, chromium

PROFILE = Path(__file__).resolve().parents[2] / "assessments" / "frameworks" / "demo" / "meridian.yaml"
NAME = "MLX-07"
PATIENCE = 120_000

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.django_db(transaction=True)]


class Person:
    """A signed-in person with a browser context of their own; what their pages complain about is kept."""

    def __init__(self, browser, address: str, email: str, viewport=WIDE):
        self.address, self.complaints = address, []
        self.page: Page = browser.new_context(viewport=viewport, base_url=address).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if "Content Security" in said.text else 0
        )
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/portfolio/")

    def fits(self) -> bool:
        """Whether nothing stands beyond the right edge of the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def confirm(page: Page, action: str) -> None:
    page.locator("dialog[open]").get_by_role("button", name=action).click()


def test_four_people_bring_a_program_from_facts_to_a_signed_decision(organization, web, start_worker, tmp_path):
    start_worker()
    with chromium() as browser:
        emails = {role: member.user.email for role, member in organization.items()}
        admin = Person(browser, web.address, emails["admin"])
        make_program(admin.page)
        lead = Person(browser, web.address, emails["lead"])
        program = import_facts(lead.page)
        review = open_review(lead.page, program)
        rater = Person(browser, web.address, emails["rater"])
        rate(rater.page, review)
        reveal_and_agree(lead.page, review)
        submit(lead.page, review)
        sign_for_the_functions(rater.page, review)
        executive = Person(browser, web.address, emails["executive"], PHONE)
        approve(executive, review)
        take_the_report(lead.page, review, tmp_path)
        assert [one.complaints for one in (admin, lead, rater, executive)] == [[], [], [], []]
    decision = Decision.objects.get()
    assert decision.proposed_decision.kind == "recommended" and decision.proposed_decision.option.kind == "hybrid"
    assert decision.review.state == Review.State.APPROVED
    assert Signature.objects.filter(membership=organization["rater"]).count() == 4
    assert Signature.objects.get(membership=organization["executive"]).printed_name == "Eva Executive"


def make_program(page: Page) -> None:
    page.get_by_role("link", name="New program").first.click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Lead").select_option(label="Lea Lead")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()


def import_facts(page: Page) -> str:
    """Paste a profile, look at what it changes, save it, and see the worker's result appear without a reload."""
    page.goto("/portfolio/")
    page.get_by_role("link", name=NAME).first.click()
    program = page.url
    page.goto(f"{program}facts/import/")
    page.get_by_label("Or paste it").fill("qms_maturity: nine")
    page.get_by_role("button", name="Preview the import").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    expect(page.get_by_label("Or paste it")).to_have_value("qms_maturity: nine")
    page.get_by_label("Or paste it").fill(PROFILE.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Preview the import").click()
    page.get_by_label("What changed, in a few words").fill("Facts as collected by the team.")
    page.get_by_role("button", name="Save as a revision").click()
    page.goto(f"{program}result/")
    expect(page.get_by_text("Hybrid").first).to_be_visible()
    expect(page.get_by_text("Rests on").first).to_contain_text("No ratings are in it")
    return program


def open_review(page: Page, program: str) -> str:
    page.goto(f"{program}reviews/new/")
    page.get_by_label("Question").fill("Where should MLX-07 be made through month 48?")
    page.get_by_role("button", name="Open the review").click()
    page.wait_for_url("**/setup/")
    review = page.url.removesuffix("setup/")
    page.get_by_label("Person for CMC").select_option(label="Rob Rater")
    page.get_by_role("row", name="CMC").get_by_role("button", name="Assign").first.click()
    expect(page.get_by_role("row", name="CMC").get_by_text("Rob Rater").first).to_be_visible()
    page.get_by_role("button", name="Start scoring").first.click()
    confirm(page, "Start scoring")
    expect(page.get_by_text("Scoring (blind)").first).to_be_visible()
    return review


def rate(page: Page, review: str) -> None:
    """One rating by keyboard with its reason, the rest as the facts suggest; then done."""
    page.goto(f"{review}score/")
    page.locator("[data-score-cell] input").first.focus()
    page.keyboard.press("2")
    expect(page.locator("[data-score-cell]").first.locator("input:checked")).to_have_value("2")
    expect(page.locator("#autosave")).to_have_attribute("data-state", "saved")
    page.keyboard.press("n")
    page.keyboard.type("Two of the last nine lots failed at harvest.")
    page.wait_for_function("document.querySelector('#autosave').dataset.state === 'saved'")
    page.get_by_role("button", name="Accept all").first.click()
    confirm(page, "Accept all")
    page.get_by_role("button", name="Done scoring").click()
    expect(page.get_by_text("You are done")).to_be_visible()
    assert Rating.objects.filter(score=2, accepted=False).exists()


def reveal_and_agree(page: Page, review: str) -> None:
    page.goto(f"{review}setup/")
    page.get_by_role("button", name="Reveal the ratings").first.click()
    confirm(page, "Reveal")
    page.goto(f"{review}panel/")
    page.get_by_role("textbox", name="Agreed value").fill("3.5")
    page.get_by_role("textbox", name="Why").fill("The second line is in qualification.")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("Agreed on 3.50")).to_be_visible()


def submit(page: Page, review: str) -> None:
    """Propose what the result says. Where the full result is still on its way the page waits, visibly."""
    page.goto(f"{review}approval/")
    page.get_by_label("recommended").first.check()
    page.get_by_label("Why, in the words").fill("The hybrid keeps the know-how with us and is ready in month 8.")
    reason = page.get_by_label("Why it is submitted although ratings are missing")
    reason.fill("Only CMC rates in this first round.")
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=PATIENCE)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("In approval").first).to_be_visible()


def sign_for_the_functions(page: Page, review: str) -> None:
    page.goto(f"{review}approval/")
    page.get_by_label("Your password").fill("not my password")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("The password is wrong.")).to_be_visible()
    for at in range(4):
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Sign", exact=True).click()
        expect(page.locator("#notices")).to_contain_text("igned")
        if at < 3:
            page.goto(f"{review}approval/")


def approve(executive: Person, review: str) -> None:
    """From a link to the signature on a phone: the brief, the approval tab, the password."""
    page = executive.page
    page.goto(f"{review}brief/")
    expect(page.get_by_text("Hybrid").first).to_be_visible()
    assert executive.fits(), "the brief is wider than a phone"
    page.get_by_role("link", name="Approve…").first.click()
    assert executive.fits(), "the approval page is wider than a phone"
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Approve and sign").click()
    expect(page.get_by_text("Approved").first).to_be_visible()


def take_the_report(page: Page, review: str, folder: Path) -> None:
    page.goto(f"{review}reports/")
    page.get_by_role("button", name="Make the brief").first.click()
    with page.expect_download(timeout=PATIENCE) as waited:
        page.get_by_role("link", name="Download").first.click(timeout=PATIENCE)
    stored = folder / "brief.pdf"
    waited.value.save_as(stored)
    assert stored.read_bytes().startswith(b"%PDF-")
    report = Report.objects.get(is_draft=False)
    assert report.sha256 and report.size == stored.stat().st_size
