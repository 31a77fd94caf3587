"""What must not come out of any endpoint: others' ratings while blind, another tenant, confidential prices."""

import pytest

from assessments.models import Job, Program, Rating
from assessments.services import demo, programs, ratings, reconciling, reviews
from tests.api.conftest import Caller, token_of, work_off
from tests.api.crawl import addresses, text_of_everything
from tests.rights import world as rights_world
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.scoring import sample
from tests.support.results import compute

CANARY = "CANARY-7f3a19"


def crawl(world, role):
    return text_of_everything(Caller(token_of(world.people[role])))


def where(found, text):
    return sorted(address for address, body in found.items() if text in body)


@pytest.mark.django_db(transaction=True)
def test_while_scoring_is_blind_nobody_reads_anothers_rating():
    world = make_world()
    bring_review_to(world, "scoring")
    review, rater = world.review, world.people["rater"]
    reviews.assign(
        member=world.people["lead"].now(),
        review_id=review.pk,
        membership=world.people["lead"].now(),
        function=world.people["lead"].now().functions[0],
    )
    rating = Rating.objects.filter(review=review, membership=rater).select_related("option").first()
    ratings.rate(
        member=rater.now(),
        review_id=review.pk,
        criterion_key=rating.criterion,
        option_key=rating.option.key,
        score=5,
        rationale=CANARY,
        seen_version=rating.version,
    )
    work_off()
    for role in ("nobody", "viewer", "assessor", "lead", "approver", "admin", "auditor", "stranger"):
        found = crawl(world, role)
        assert where(found, CANARY) == [], role
        # The trail names the rating, with a salted digest in the place of its value.
        assert all("audit-events" in address for address in where(found, str(rating.uuid))), role
        for address, body in found.items():
            if address.endswith("/scorecard/") and body:
                assert '"basis":"panel"' not in body, (role, address)
            if address.endswith(f"{review.uuid}/ratings/") and body:
                assert '"count":0' in body, role
    assert where(crawl(world, "rater"), CANARY) != []
    lead = world.people["lead"].now()
    reconciling.reveal(member=lead, review_id=review.pk, reason="Enough.")
    work_off()
    assert where(crawl(world, "lead"), CANARY) != []
    assert any('"basis":"panel"' in body for body in crawl(world, "lead").values())


@pytest.mark.django_db(transaction=True)
def test_nothing_crosses_from_one_organization_to_another():
    world = make_world()
    bring_review_to(world, "reconciling")
    Program.objects.update(name=CANARY)
    admin = world.people["admin"]
    admin.organization.name = admin.organization.slug = CANARY.lower()
    admin.organization.save()
    for person in world.people.values():
        if person.organization_id == admin.organization_id:
            person.user.full_name = f"Person {CANARY}"
            person.user.save()
    work_off()
    stranger = crawl(world, "stranger")
    assert {address for address, body in stranger.items() if CANARY.lower() in body.lower()} == set()
    ids = {str(world.program.uuid), str(world.review.uuid), str(world.version.uuid), str(admin.uuid)}
    for address, body in stranger.items():
        assert not any(one in body for one in ids), address
    assert where(crawl(world, "admin"), CANARY) != []


@pytest.fixture
def priced(monkeypatch):
    """The small framework with a commercial price, and facts whose prices nobody could guess."""

    def document():
        given = sample.document()
        given["schema"]["fields"].append({"key": "assessment_date", "label": "Month 0", "type": "date"})
        for field in given["schema"]["fields"]:
            if field["key"] == "cost":
                field["commercial"] = True
        given["derived"].append({"key": "twice", "unit": "kUSD", "kinds": {"all": "cost * 2"}})
        given["dimensions"][1]["criteria"][0]["rules"] = {
            "all": {"base": [{"value": "bands_le(dear, 1.1, 1.3, 1.6, 2.2)", "reason": "costs {twice:.3f}"}]}
        }
        given["gates"].append(
            {
                "id": "G9",
                "name": "Money",
                "entries": [
                    {"effect": "warn", "kinds": ["cdmo"], "when": "cost > 100", "message": "{option} takes {cost:.3f}"}
                ],
            }
        )
        return given

    monkeypatch.setattr(rights_world, "document", document)
    return document


@pytest.mark.django_db(transaction=True)
def test_prices_and_what_rests_on_them_are_for_those_who_may_see_them(priced):
    world = make_world()
    profile = sample.profile() | {"assessment_date": "2026-02-01"}
    for option in profile["options"]:
        if option["key"] == "a":
            option["facts"]["cost"] = 7919.125
    programs.import_revision(
        member=world.people["lead"].now(), program=world.program, document=profile, summary="With prices"
    )
    bring_review_to(world, "reconciling")
    work_off()
    compute(world.review)  # in full, with flips, risk and all that rests on prices
    assert not Job.objects.filter(state="failed").exists()
    prices = ("7919.125", "15838.25")
    for role in ("approver", "admin", "lead"):
        found = crawl(world, role)
        for price in prices:
            assert any("scorecard" in address for address in where(found, price)), (role, price)
        assert any("revisions" in address for address in where(found, prices[0])), role
    for role in ("viewer", "assessor", "rater"):
        found = crawl(world, role)
        assert [where(found, price) for price in prices] == [[], []], role
        assert any('"withheld":true' in body for body in found.values()), role


def test_the_crawl_reaches_every_endpoint_that_reads(world, review_in):
    review_in("reconciling")
    reached = {name for name, _ in addresses()}
    assert {"programs", "ratings", "review_scorecard", "audit_events", "job_detail", "criteria_document"} <= reached


@pytest.mark.django_db(transaction=True)
def test_while_scoring_is_blind_no_count_tag_job_or_event_tells_that_somebody_rates(monkeypatch):
    world = make_world()
    bring_review_to(world, "scoring")
    demo.settle()
    review, rater = world.review, world.people["rater"]
    heard = []
    monkeypatch.setattr("assessments.services.rescore.announce", lambda subject, revision: heard.append(subject))
    job = Job.objects.get(target=f"review:{review.pk}")
    asking = {role: Caller(token_of(world.people[role])) for role in ("lead", "approver", "admin")}
    paths = (f"reviews/{review.uuid}/", f"reviews/{review.uuid}/scorecard/", "portfolio/", f"jobs/{job.uuid}/")

    def told():
        answers = [(role, path, ask.get(path)) for role, ask in asking.items() for path in paths]
        return [
            (role, path, answer.headers.get("ETag"), {k: v for k, v in answer.json().items() if k != "request_id"})
            for role, path, answer in answers
        ]

    before = told()
    rating = Rating.objects.filter(review=review, membership=rater).select_related("option").first()
    ratings.rate(
        member=rater.now(),
        review_id=review.pk,
        criterion_key=rating.criterion,
        option_key=rating.option.key,
        score=5,
        seen_version=rating.version,
    )
    assert told() == before
    work_off()
    assert told() == before
    assert heard == []
    assert asking["admin"].get(paths[0]).json()["inputs_revision"] is None
    assert asking["admin"].get(f"jobs/{job.uuid}/").status_code == 403
    reconciling.reveal(member=world.people["lead"].now(), review_id=review.pk, reason="Enough.")
    work_off()
    assert asking["admin"].get(paths[0]).json()["inputs_revision"] > 0
    assert heard != []
