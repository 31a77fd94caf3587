"""The portfolio: whose answer a row shows and what it rests on, what is hidden from whom, filters, export, queries."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Job, ProgramMember, Review
from assessments.reporting.csv_file import neutral
from assessments.services import programs, reviews
from assessments.services.portfolio import Wanted, found, rows
from assessments.services.waiting import waiting_for
from tests.pages import results
from tests.pages.test_result import text_of
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/portfolio/"


@pytest.fixture
def place():
    return afresh(results.make_place)


def page(client, place, key, **query):
    answer = results.sign_in(client, place.people[key]).get(URL, query)
    assert answer.status_code == 200
    return answer


def row_of(place, key, name="OST-101"):
    member = place.people[key]
    return next(row for row in rows(found(member, Wanted())) if row.program.name == name)


def another(place, name, **more):
    return programs.create_program(
        member=place.people["admin"],
        name=name,
        criteria_version=place.program.criteria_version,
        lead=place.people["lead"],
        **more,
    )


def test_the_start_page_asks_for_sign_in_and_then_shows_the_portfolio(client, place):
    assert client.get("/").headers["Location"].startswith(reverse("account_login"))
    answer = results.sign_in(client, place.people["viewer"]).get("/", follow=True)
    assert answer.request["PATH_INFO"] == URL and "OST-101" in text_of(answer)


def test_a_row_without_a_review_shows_the_facts_alone(client, place):
    row = row_of(place, "viewer")
    assert (row.verdict, row.option.name, row.rests_on) == (
        "Clear, with 1 mandatory condition",
        "CDMO",
        "facts r1 only",
    )
    assert row.margin == pytest.approx(16.5) and row.share == 1.0 and row.share_words == "100 %"
    assert row.blocked == ("In-house",) and row.conditions == 1
    assert (row.phase, row.step, row.who) == ("Phase 1/2", "Open a review", "Lea Ode")
    assert "No review" in text_of(page(client, place, "viewer"))


def test_blind_ratings_move_nothing_in_anybodys_portfolio(client, place):
    results.open_scoring(place)
    before = {key: row_of(place, key) for key in ("lead", "admin", "finance", "viewer")}
    for option in ("in_house", "hybrid"):
        results.rate(place, "cmc", "pdr_lot_success", option, 5)
    for key, row in before.items():
        assert row_of(place, key) == row
    assert before["viewer"].review is None, "a viewer sees no review before approval"
    assert before["lead"].state_words == "Scoring (blind)" and before["lead"].rests_on == "facts r1 only"


def test_the_panel_counts_from_the_reveal_on_for_those_who_may_see_the_review(client, place):
    results.open_scoring(place)
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 1)
    results.reveal(place)
    assert row_of(place, "lead").rests_on == "facts r1, panel"
    assert row_of(place, "viewer").rests_on == "facts r1 only"
    assert row_of(place, "lead").margin != pytest.approx(16.5)
    assert row_of(place, "viewer").margin == pytest.approx(16.5)


def test_a_restricted_program_is_seen_by_its_members_alone(client, place):
    another(place, "Hush", restricted=True)
    assert "Hush" in text_of(page(client, place, "lead"))
    for key in ("viewer", "admin", "approver", "finance"):
        assert "Hush" not in text_of(page(client, place, key)), key
        export = client.get(reverse("assessments:portfolio_export")).content.decode()
        assert "Hush" not in export


def test_filters_search_and_order_stand_in_the_address(client, place):
    another(place, "Zeta")
    another(place, "Alpha")
    names = re.compile(r'<th scope="row"><a href="[^"]+">([^<]+)')

    def listed(key="lead", **query):
        return names.findall(page(client, place, key, **query).content.decode())

    assert listed() == ["Alpha", "OST-101", "Zeta"]
    assert listed(sort="-name") == ["Zeta", "OST-101", "Alpha"]
    assert listed(sort="-margin") == ["OST-101", "Alpha", "Zeta"], "what has no margin stands last"
    assert listed(sort="margin") == ["OST-101", "Alpha", "Zeta"]
    assert listed(q="ost") == ["OST-101"] and listed(verdict="clear") == ["OST-101"]
    assert listed(state="none") == ["Alpha", "OST-101", "Zeta"] and listed(state="scoring") == []
    assert listed(mine="on") == ["Alpha", "OST-101", "Zeta"] and listed("cmc", mine="on") == []
    assert listed(sort="rubbish", state="rubbish", verdict="rubbish", page="rubbish") == ["Alpha", "OST-101", "Zeta"]
    said = page(client, place, "lead", q="nothing").content.decode()
    assert "No program matches" in said and 'value="nothing"' in said
    assert "q=ost" in page(client, place, "lead", q="ost").content.decode(), "sorting keeps the filter"


def test_the_filter_by_state_agrees_with_what_the_rows_say(client, place):
    another(place, "Idle")
    results.open_scoring(place)

    def listed(key, state):
        return [row.program.name for row in rows(found(place.people[key], Wanted(state=state)))]

    assert listed("lead", "scoring") == ["OST-101"] and listed("viewer", "scoring") == []
    assert listed("lead", "none") == listed("viewer", "none") == ["Idle"]
    assert listed("lead", "open") == listed("viewer", "open") == ["OST-101"]


def test_an_empty_portfolio_says_what_to_do(client):
    from tests.factories import MembershipFactory

    alone = MembershipFactory(with_roles=["viewer"])
    said = text_of(results.sign_in(client, alone).get(URL))
    assert "No programs yet" in said and "An admin creates a program" in said


def test_a_row_says_when_a_newer_result_is_owed_or_failed(client, place):
    place.program.refresh_from_db()
    programs.import_revision(
        member=place.people["lead"], program=place.program, document=results.profile("ostara"), summary="Second facts"
    )
    assert row_of(place, "viewer").mark == "pending"
    assert "data-live-pending" in page(client, place, "viewer").content.decode()
    Job.objects.filter(target=f"program:{place.program.pk}").update(state=Job.State.FAILED, error="ValueError: No")
    assert row_of(place, "viewer").mark == "failed"
    assert "newer result failed" in text_of(page(client, place, "viewer"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", " =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\uff1d1+1"]
)
def test_a_cell_that_looks_like_a_formula_is_neutralised(text):
    assert neutral(text) == f"'{text}" and neutral("CDMO") == "CDMO" and neutral(-1.5) == "-1.5" and neutral(None) == ""


@pytest.mark.parametrize(
    "text, kept",
    [("a;=1+1", "a;'=1+1"), ("\n=1", "'\n'=1"), ('a";@X', "a\";'@X"), ("a\r\n+1", "a\r\n'+1"), ("a; b=1", "a; b=1")],
)
def test_a_formula_behind_a_separator_of_another_country_is_neutralised(text, kept):
    assert neutral(text) == kept


def test_the_export_has_what_the_filter_shows(client, place):
    another(place, "=HYPERLINK(1)")
    answer = results.sign_in(client, place.people["viewer"]).get(reverse("assessments:portfolio_export"))
    assert answer.headers["Content-Type"].startswith("text/csv") and ".csv" in answer.headers["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Program"] for row in table] == ["'=HYPERLINK(1)", "OST-101"]
    assert (
        table[1]["Option"] == "CDMO" and table[1]["Margin, points"] == "16.5" and table[1]["First share, %"] == "100.0"
    )
    only = client.get(reverse("assessments:portfolio_export"), {"q": "ost"}).content.decode()
    assert "HYPERLINK" not in only


def test_what_waits_for_whom(client, place):
    lead, cmc, finance = (place.people[key] for key in ("lead", "cmc", "finance"))
    results.open_scoring(place)
    assert [one.kind for one in waiting_for(cmc)] == ["rate"] and waiting_for(place.people["viewer"]) == []
    assert waiting_for(lead) == [], "the lead waits for the raters"
    assert "Rate for CMC" in text_of(page(client, place, "cmc"))
    for member in (cmc, finance):
        Review.objects.get(pk=place.review.pk).assignments.filter(membership=member).update(state="done")
    assert [one.kind for one in waiting_for(lead)] == ["reveal"] and waiting_for(cmc) == []
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 4)
    results.reveal(place)
    assert [one.kind for one in waiting_for(lead)] == ["submit"]
    reviews.withdraw(member=lead, review_id=place.review.pk, reason="Asked the wrong question.")
    assert waiting_for(lead) == []


def test_queries_do_not_grow_with_the_programs(client, place):
    def counted():
        with CaptureQueriesContext(connection) as queries:
            page(client, place, "lead")
        return len(queries)

    another(place, "Second")
    counted()
    few = counted()
    for at in range(20):
        program = another(place, f"Program {at}")
        if at % 2:
            programs.import_revision(
                member=place.people["lead"], program=program, document=results.profile("ostara"), summary="First facts"
            )
        if at % 4 == 1:
            reviews.open_review(member=place.people["lead"], program=program, question="Where?")
    results.work_off()
    assert ProgramMember.objects.count() == 22
    assert counted() == few <= 45


def test_a_row_draws_the_delay_of_the_first_option_against_what_can_be_absorbed(client, place):
    assert row_of(place, "viewer").risk is None, "a headline has no risk, and nothing is made up for it"
    results.settle()
    row = row_of(place, "viewer")
    risk = row.program.full.numbers["risk"]
    assert row.risk["p80"] == [round(half["p80"], 2) for half in risk["options"]["cdmo"]["delay"]]
    assert row.risk["first_breach"] == risk["options"]["cdmo"]["first_breach"]
    assert row.risk["capacity"] == pytest.approx(sum(risk["capacity"]["delay"][one] for one in "ORX") / 2, abs=0.01)
    answer = page(client, place, "viewer").content.decode()
    drawn = re.search(r'<td class="spark".*?</td>', answer, re.DOTALL).group(0)
    assert "<desc" in drawn and "months; can be absorbed" in drawn and row.risk_words in drawn
    exported = results.sign_in(client, place.people["viewer"]).get(reverse("assessments:portfolio_export"))
    cells = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))[0]
    assert len(cells["Delay at P80 per half-year, months"].split("; ")) == 8
    assert cells["Against what can be absorbed"] == row.risk_words
