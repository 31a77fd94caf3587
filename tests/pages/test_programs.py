"""Pages of a program: the overview and its people, revisions and what differs, and files."""

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from assessments.models import ProfileRevision, Program
from assessments.scoring.profile import write_profile
from assessments.services import drafts, programs, reviews
from assessments.services.frameworks import framework_of
from tests.services.facts_world import FactsWorld, profile
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, world = shared(FactsWorld)


@pytest.fixture
def filled(world):
    world.fill()
    return world


def browser(member):
    client = Client()
    client.force_login(member.user)
    return client


def url(name, program, *args, **query):
    address = reverse(f"assessments:{name}", args=[program.uuid, *args])
    return address + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def text(response):
    return " ".join(response.content.decode().split())


def test_an_admin_creates_a_program_and_a_taken_name_stays_in_the_form(world):
    client = browser(world.admin)
    given = {"name": "BW-310", "criteria_version": world.version.pk, "lead": world.lead.pk}
    refused = client.post(reverse("assessments:program_new"), given)
    assert refused.status_code == 422
    assert "already; choose another name" in text(refused) and 'value="BW-310"' in text(refused)
    made = client.post(reverse("assessments:program_new"), given | {"name": "BW-320", "restricted": "on"})
    program = Program.objects.get(name="BW-320")
    assert made.headers["Location"] == url("program_detail", program)
    assert program.restricted and program.members.get().is_lead


def test_an_organization_without_published_criteria_is_told_what_to_do(world):
    stranger = FactsWorld("s")
    stranger.version.__class__.objects.filter(pk=stranger.version.pk).update(state="retired")
    assert "Publish one first" in text(browser(stranger.admin).get(reverse("assessments:program_new")))


def test_the_overview_says_what_comes_next_for_whoever_looks(world):
    page = text(browser(world.lead).get(url("program_detail", world.program)))
    assert "still missing before a result can be computed" in page and "No result yet" in page
    world.fill()
    page = text(browser(world.lead).get(url("program_detail", world.program)))
    assert "120 of 120 needed facts given" in page and "Revision 1" in page
    drafts.edit_field(
        member=world.lead, program=world.program, field="open_steps", value=9, seen_version=_version(world)
    )
    page = text(browser(world.viewer).get(url("program_detail", world.program)))
    assert "1 change of the draft since Revision 1" in page and "The program lead saves them" in page
    reviews.open_review(member=world.lead, program=world.program, question="Stay or move?")
    page = text(browser(world.lead).get(url("program_detail", world.program)))
    assert "Review 1 is draft" in page and "Stay or move?" in page


def _version(world, field="open_steps", option=""):
    cell = drafts.read_draft(world.program).cell(field, option)
    return cell.version


def test_people_are_managed_on_the_overview_by_admins_only(filled):
    admin, lead = browser(filled.admin), browser(filled.lead)
    assert "Appoint as a lead" in text(admin.get(url("program_detail", filled.program)))
    assert "Appoint as a lead" not in text(lead.get(url("program_detail", filled.program)))
    admin.post(url("program_member_add", filled.program), {"membership": filled.cmc.uuid})
    assert filled.program.members.filter(membership=filled.cmc, is_lead=False).exists()
    answer = admin.post(url("program_member_remove", filled.program), {"membership": filled.lead.uuid}, follow=True)
    assert "no lead left" in text(answer)
    answer = admin.post(
        url("program_lead_appoint", filled.program), {"membership": FactsWorld("s").cmc.uuid}, follow=True
    )
    assert "Choose a person of this organization" in text(answer)
    assert filled.program.members.filter(is_lead=True).count() == 1


def test_a_restricted_program_and_one_next_door_are_not_there(filled):
    other = FactsWorld("s")
    other.fill()
    for name in ("program_detail", "program_facts", "program_revisions", "program_import", "draft_export"):
        assert browser(filled.admin).get(url(name, other.program)).status_code == 404, name
    Program.objects.filter(pk=filled.program.pk).update(restricted=True)
    assert browser(filled.cmc).get(url("program_detail", filled.program)).status_code == 404
    assert browser(filled.lead).get(url("program_detail", filled.program)).status_code == 200


def test_an_auditor_reads_the_revisions_of_approved_reviews_and_no_draft(filled):
    review = reviews.open_review(member=filled.lead, program=filled.program, question="Where?")
    client = browser(filled.auditor)
    assert client.get(url("program_detail", filled.program)).status_code == 404
    type(review).objects.filter(pk=review.pk).update(state="approved")
    filled.fill(open_steps=9)
    page = client.get(url("program_detail", filled.program))
    assert page.status_code == 200 and "needed facts given" not in text(page)
    assert client.get(url("program_facts", filled.program)).status_code == 404
    assert client.get(url("draft_export", filled.program)).status_code == 404
    assert client.get(url("revision_detail", filled.program, 1)).status_code == 200
    assert client.get(url("revision_detail", filled.program, 2)).status_code == 404, "saved after the approval"


# -- revisions ----------------------------------------------------------------------------------------------------


def test_a_revision_shows_what_changed_since_the_one_before_or_a_chosen_one(filled):
    filled.fill(open_steps=9)
    filled.fill(open_steps=9, market_state="tight", cdmo_kusd_lot=700)
    lead = browser(filled.lead)
    page = text(lead.get(url("revision_detail", filled.program, 3)))
    assert "Market for capacity" in page and "<strong>Tight</strong>" in page and "700 kUSD/lot" in page
    changed = page.split("All facts")[0]
    assert "Open manual steps" not in changed and "Open" not in changed.split("What changed")[1].split("Fact")[0]
    page = text(lead.get(url("revision_detail", filled.program, 3, against=1)))
    assert "<strong>9</strong>" in page and "14" in page
    assert lead.get(url("revision_detail", filled.program, 3, against=9)).status_code == 404
    assert lead.get(url("revision_detail", filled.program, 3, against="x")).status_code == 404
    page = text(browser(filled.cmc).get(url("revision_detail", filled.program, 3)))
    assert "700" not in page and "Cost per lot" not in page.split("All facts")[0]


def test_the_draft_goes_back_to_a_revision_unless_it_moved(filled):
    filled.fill(open_steps=9)
    lead = browser(filled.lead)
    seen = filled.program.draft.version
    drafts.edit_field(
        member=filled.lead, program=filled.program, field="open_steps", value=3, seen_version=_version(filled)
    )
    lead.post(url("draft_reset", filled.program, 1), {"version": seen})
    assert drafts.read_draft(filled.program).cell("open_steps").value == 3
    now = drafts.read_draft(filled.program).version
    lead.post(url("draft_reset", filled.program, 1), {"version": now})
    assert drafts.read_draft(filled.program).cell("open_steps").value == 14


def test_the_list_of_revisions_takes_the_same_queries_however_many_there_are(filled, django_assert_max_num_queries):
    client = browser(filled.lead)
    with_one = _queries(client, url("program_revisions", filled.program))
    for steps in range(2, 25):
        filled.fill(open_steps=steps)
    assert _queries(client, url("program_revisions", filled.program)) == with_one
    page = text(client.get(url("program_revisions", filled.program)))
    assert "1–20 of 24" in page
    assert _queries(client, url("revision_detail", filled.program, 20)) <= 16


def _queries(client, address):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(address).status_code == 200
    return len(found)


# -- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["kinds", "options"])
def test_an_exported_file_imported_again_changes_nothing(filled, layout):
    lead = browser(filled.lead)
    answer = lead.get(url("revision_export", filled.program, 1, layout=layout))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bw-310-facts-r1.yaml"'
    assert answer.headers["Content-Type"].startswith("application/yaml")
    page = lead.post(url("program_import", filled.program), {"text": answer.content.decode()})
    assert "0 changes from Revision 1" in text(page)
    assert ProfileRevision.objects.count() == 1, "a preview saves nothing"


def test_two_of_a_kind_are_only_exported_as_a_list(filled):
    drafts.add_option(member=filled.lead, program=filled.program, kind="cdmo", name="Partner B")
    lead = browser(filled.lead)
    assert lead.get(url("draft_export", filled.program, layout="kinds")).status_code == 404
    given = yaml.safe_load(lead.get(url("draft_export", filled.program)).content)
    assert [option["key"] for option in given["options"]] == ["in_house", "cdmo", "hybrid", "cdmo_2"]
    assert given["options"][3]["facts"]["cdmo_sites"] is None, "an empty place to fill in"


def test_a_file_without_the_right_to_prices_says_so(filled):
    content = browser(filled.cmc).get(url("revision_export", filled.program, 1)).content.decode()
    assert "Prices and terms are left out" in content and "560" not in content
    assert "cdmo_kusd_lot" not in yaml.safe_load(content)
    assert (
        yaml.safe_load(browser(filled.finance).get(url("revision_export", filled.program, 1)).content)["cdmo_kusd_lot"]
        == 560
    )


def test_a_file_is_previewed_then_saved_with_a_summary(filled):
    lead = browser(filled.lead)
    content = yaml.safe_dump(profile(open_steps=9))
    preview = lead.post(url("program_import", filled.program), {"text": content})
    assert preview.status_code == 200 and "1 change from Revision 1" in text(preview)
    confirm = preview.context["confirm"].initial
    given = {"text": confirm["text"], "version": confirm["version"]}
    refused = lead.post(url("program_import_confirm", filled.program), given | {"summary": ""})
    assert refused.status_code == 422 and "open_steps: 9" in text(refused), "the file is not lost"
    lead.post(url("program_import_confirm", filled.program), given | {"summary": "Closed the wash"})
    assert ProfileRevision.objects.get(number=2).facts["program"]["open_steps"] == 9
    assert drafts.draft_state(Program.objects.get(pk=filled.program.pk), filled.lead)["changed"] == []


def test_draft_edits_that_a_file_would_replace_are_listed_and_those_made_meanwhile_stop_it(filled):
    lead = browser(filled.lead)
    drafts.edit_field(
        member=filled.lead, program=filled.program, field="open_steps", value=3, seen_version=_version(filled)
    )
    preview = lead.post(url("program_import", filled.program), {"text": yaml.safe_dump(profile(lots_now=9))})
    assert "The draft holds 1 change that were not saved" in text(preview) or "1 change" in text(preview)
    confirm = preview.context["confirm"].initial
    drafts.edit_field(
        member=filled.lead, program=filled.program, field="open_steps", value=4, seen_version=_version(filled)
    )
    given = {"text": confirm["text"], "version": confirm["version"], "summary": "From a file"}
    clash = lead.post(url("program_import_confirm", filled.program), given)
    assert clash.status_code == 409 and ProfileRevision.objects.count() == 1
    again = clash.context["confirm"].data["version"]
    assert lead.post(url("program_import_confirm", filled.program), given | {"version": again}).status_code == 302


def test_every_wrong_value_of_a_file_is_named_with_what_stands_there_and_the_file_stays(filled):
    wrong = profile(open_steps=-4, potency_status="qualifed", nonsense=1)
    del wrong["lots_now"]
    page = browser(filled.lead).post(url("program_import", filled.program), {"text": yaml.safe_dump(wrong)})
    assert page.status_code == 422
    problems = {one["field"]: one for one in page.context["problems"]}
    assert set(problems) == {"open_steps", "potency_status", "nonsense", "lots_now"}
    assert problems["open_steps"]["typed"] == "-4" and "qualified" in problems["potency_status"]["message"]
    assert "nonsense: 1" in text(page), "the text is still in the form"


@pytest.mark.parametrize(
    "content, words",
    [
        ("", "Choose a file or paste"),
        ("a: [1", "Line"),
        ("open_steps: 3\nopen_steps: 4", "Line 2: &#x27;open_steps&#x27; stands twice"),
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]", "Line 1"),
        ("[" * 400 + "]" * 400, "nested too deeply"),
        ("- 1", "A profile is a list of fields and values"),
        ("a: 2026-99-99", "YAML"),
    ],
)
def test_what_is_no_profile_is_refused_in_words(filled, content, words):
    page = browser(filled.lead).post(url("program_import", filled.program), {"text": content})
    assert page.status_code == 422
    assert words in text(page)
    assert ProfileRevision.objects.count() == 1


def test_uploads_are_bounded_and_must_be_text(filled):
    from django.core.files.uploadedfile import SimpleUploadedFile

    lead = browser(filled.lead)
    for content, words in (
        (b"a: " + b"x" * 300_000, "larger than 256 kB"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a: \x00", "YAML"),
    ):
        page = lead.post(url("program_import", filled.program), {"file": SimpleUploadedFile("p.yaml", content)})
        assert page.status_code == 422 and words in text(page), words
    good = SimpleUploadedFile("../../p.yaml", yaml.safe_dump(profile(open_steps=9)).encode("utf-8-sig"))
    assert "1 change from Revision 1" in text(lead.post(url("program_import", filled.program), {"file": good}))


def test_an_import_into_a_program_whose_month_zero_moved_on_round_trips(filled):
    import datetime

    act = {"member": filled.lead, "program": filled.program}
    drafts.re_anchor(**act, day=datetime.date(2027, 6, 15))
    for cell in drafts.read_draft(filled.program).cells:
        if cell.to_confirm:
            drafts.confirm_field(**act, field=cell.field.key, option_key=cell.option_key, seen_version=cell.version)
    saved = drafts.save_revision(**act, summary="Later")
    assert saved.facts["program"]["need_gmp_month"] == -1
    exported = write_profile(saved.facts, framework_of(filled.version).schema, "kinds")
    assert programs.read_file(filled.program, exported) == saved.facts


def test_what_the_facts_say_names_each_gate_and_the_options_that_it_is_about_once(world):
    """Ostara's runway stops its own plant and asks something of the hybrid; its delivery is at risk whoever makes it."""
    world.fill("ostara")
    page = text(browser(world.viewer).get(url("program_facts", world.program)))
    assert "<strong>Runway</strong>, In-house: " in page and "<strong>Runway</strong>, Hybrid: " in page
    assert page.count("<strong>Delivery at risk</strong>") == 1
    assert "<strong>Delivery at risk</strong>, every option: Process optimisation" in page


def test_the_first_review_is_opened_by_one_button(world):
    world.fill()
    client, opens = browser(world.lead), reverse("assessments:review_new", args=[world.program.uuid])
    page = text(client.get(url("program_detail", world.program)))
    assert page.count(f'href="{opens}"') == 1 and "No review yet" in page and ">Open a review<" in page
    drafts.edit_field(
        member=world.lead, program=world.program, field="open_steps", value=9, seen_version=_version(world)
    )
    page = text(client.get(url("program_detail", world.program)))
    assert "Go to the facts" in page and page.count(f'href="{opens}"') == 1, "unsaved changes come first"
