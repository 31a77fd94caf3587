"""The brief's page: the same figures as the PDF and the frozen record, in words that an executive can act on."""

import io
import json
import re
from html import unescape

import pypdf
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from assessments.models import Job, Report
from assessments.services import approvals, conditions, reports, submissions
from tests.rights.reviews import sign
from tests.services import ostara
from tests.support.begun import afresh
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def scene():
    return afresh(ostara.make_ostara)


def client_of(member) -> Client:
    client = Client()
    client.force_login(member.now().user, backend=django_settings.AUTHENTICATION_BACKENDS[-1])
    return client


def page(scene, who=None, part="") -> str:
    url = reverse("assessments:review_brief", args=[scene.review.uuid]) + part
    answer = client_of(who or scene.lead).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def words(text: str) -> str:
    """What a reader sees of a page, with single spaces; charts are read through their tables."""
    text = re.sub(r"<(svg|head)\b.*?</\1>", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def submit(scene, **changed):
    """The lead submits what the result says, with every condition assigned."""
    review = scene.now() if scene.now().is_revealed else ostara.reveal(scene)
    numbers = review.full.numbers
    owners = [
        {"key": demand.key, "owner": scene.lead, "due_month": demand.due_month}
        for demand in conditions.demands_on(numbers, "cdmo")
    ]
    values = {"kind": "recommended", "option_key": "cdmo", "justification": "They have done it before."}
    reason = "Four functions rate next time."
    return submissions.submit(
        member=scene.lead.now(),
        review_id=review.pk,
        conditions=owners,
        missing_reason=reason,
        **values | changed,
    )


def pdf_words(scene, who) -> str:
    report = reports.ask_for_report(member=who, review_id=scene.review.pk)
    work_off(Job.Kind.REPORT)
    data = reports.open_report(member=who, report=Report.objects.get(pk=report.pk))
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in pages))


def test_before_the_reveal_it_shows_facts_only_and_offers_no_file(scene):
    ostara.score(scene)
    work_off()
    for who in (scene.lead, scene.admin):
        text = words(page(scene, who))
        assert "Facts only: the ratings are not revealed yet" in text
        assert "Ratings are blind until the lead reveals them." in text
        assert "Make the PDF" not in text and ostara.WHY not in text
        assert "OST-101 Unmodified MSC Phase 1/2 Review 1" in text


def test_page_pdf_and_record_say_the_same(scene):
    """Every score, figure, condition and signature of a decided review."""
    submission = submit(scene)
    functional, executive = submission.steps.order_by("position")
    for name in ("cem", "quin", "regi", "finn"):
        sign(scene.raters[name].now(), functional)
    grace = scene.raters["grace"].now()
    sign(grace, executive)
    shown, printed, record = words(page(scene, grace)), pdf_words(scene, grace), json.loads(submission.record)
    proposed = json.loads(submission.proposed_decisions.get().record)

    numbers = record["result"]["numbers"]
    said = [scene.review.question, proposed["sentence"], "They have done it before."]
    said += [f"{option['total']:.1f}" for option in numbers["panel"]["options"].values()]
    said += [option["name"] for option in numbers["options"]]
    said += [f"+{run['margin']:.1f}" for run in numbers["scenarios"].values() if run["runner_up"]]
    said += [gate["message"] for gate in numbers["gates"]]
    said += [f"{numbers['verdict']['scenarios_kept']} of {numbers['verdict']['scenarios']}"]
    said += [f"{numbers['verdict']['margin']:.1f} points ahead of Hybrid"]
    said += [f"panel agreement (Kendall W, {numbers['agreement']['raters']} raters)"]
    said += [f"{numbers['agreement']['kendall_w']['value']:.2f}"]
    (condition,) = proposed["conditions"]
    said += [condition["title"], f"month {condition['due_month']}", "Owner CMC · Lea", condition["because"]]
    said += ["Decision: as the result says", "Functional sign-off", "Executive decision"]
    for signature in submission.signatures.select_related("function"):
        said += [signature.printed_name, signature.get_meaning_display()]
        said += [signature.function.name] if signature.function else []
        assert f"{signature.at:%d %b %Y, %H:%M:%S} UTC" in printed
        assert signature.submission_sha256 in printed.replace(" ", "")
    said += [ostara.WHY, "facts r1, panel"]
    for text in said:
        assert text in shown, f"{text!r} is missing on the page"
        assert text in printed, f"{text!r} is missing in the PDF"
    assert submission.sha256 in shown and submission.sha256 in printed.replace(" ", "")
    assert record["result"]["input_digest"] in printed.replace(" ", "")
    assert "DRAFT" not in printed and "Approved" in shown and "Approved" in printed


def test_whoever_may_sign_now_is_led_to_it_and_nobody_else(scene):
    submission = submit(scene)
    functional, executive = submission.steps.order_by("position")
    cem, grace = scene.raters["cem"], scene.raters["grace"]
    text = page(scene, cem)
    assert "Sign…" in text and "Return…" in text and "Approve…" not in text
    assert "In approval · step 1 of 2" in words(text)
    assert "waiting for CMC, QA, Regulatory and Finance" in words(text)
    assert not {"Sign…", "Approve…", "Return…"} & set(re.findall(r"\w+…", page(scene, grace)))
    for name in ("cem", "quin", "regi", "finn"):
        sign(scene.raters[name].now(), functional)
    assert "Approve…" in page(scene, grace) and "In approval · step 2 of 2" in words(page(scene, grace))
    assert "Approve…" not in page(scene, scene.lead)
    assert "DRAFT" in pdf_words(scene, grace)


def test_an_amended_proposal_is_printed_with_its_overrides_and_functional_signatures_stand(scene):
    submission = submit(scene)
    functional, _ = submission.steps.order_by("position")
    for name in ("cem", "quin", "regi", "finn"):
        sign(scene.raters[name].now(), functional)
    approvals.amend(
        member=scene.raters["grace"].now(),
        review_id=scene.review.pk,
        kind="alternative",
        option_key="in_house",
        justification="We own the building.",
        overrides={key: "The board takes this risk." for key in ("G01", "G04", "G05", "G06")},
        conditions=[{"key": row.key, "owner": scene.lead, "due_month": 9} for row in demands_of(scene, "in_house")],
        seen_number=1,
    )
    for text in (words(page(scene)), pdf_words(scene, scene.lead)):
        assert "Proposed decision 2: another option than the result says" in text
        assert "Choose In-house instead of CDMO, the recommended option" in text
        for gate in ("G01", "G04", "G05", "G06"):
            assert re.search(rf"Gate override ?{gate} .*?: The board takes this risk\.", text)
        assert text.count("Reviewed for my function") == 4 and " void" not in text


def test_a_returned_review_says_why_and_rests_on_the_result_as_it_stands_again(scene):
    submission = submit(scene)
    approvals.return_review(member=scene.raters["cem"].now(), review_id=scene.review.pk, reason="Ask the clinic first.")
    text = words(page(scene))
    assert f"Returned by {scene.raters['cem'].name}: Ask the clinic first." in text and "Reconciling" in text
    assert submission.sha256 not in text and "Not submitted yet" in text
    submit(scene, answer="The clinic was asked.")
    asker = scene.raters["quin"].now()
    approvals.ask_question(member=asker, review_id=scene.review.pk, question="Is the slot of March free?")
    text = words(page(scene))
    assert f"{asker.name} asks before signing Functional sign-off: Is the slot of March free?" in text
    assert "Returned by" not in text, "who returned it before did not ask"


def demands_of(scene, option):
    return conditions.demands_on(scene.now().full.numbers, option)


def test_the_part_that_follows_changes_is_the_brief_alone(scene):
    part = page(scene, part="?part=brief")
    assert "<html" not in part and "Value of each option" in part
    whole = page(scene)
    assert 'hx-get="' in whole and "?part=brief" in whole


def test_the_page_asks_a_bounded_number_of_questions(scene, django_assert_max_num_queries):
    submit(scene)
    client = client_of(scene.admin)
    url = reverse("assessments:review_brief", args=[scene.review.uuid])
    client.get(url)
    with django_assert_max_num_queries(45):
        client.get(url)
