"""Criteria pages: everyone reads published versions in words; admins read versions in, publish, retire and compare."""

import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from assessments.models import CriteriaVersion, Program, Review
from assessments.services import criteria
from assessments.services.framework_files import LARGEST_FILE, read_framework, write_framework
from assessments.services.frameworks import DEFAULT_FRAMEWORK
from tests.factories import MembershipFactory, ProgramFactory, ReviewFactory
from tests.support.documents import framework_document

pytestmark = pytest.mark.django_db
SECTIONS = ("", "criteria/", "gates/", "risks/", "stress/", "facts/", "sources/")


@pytest.fixture
def admin():
    return MembershipFactory(user__full_name="Ada Ng", with_roles=["admin"])


@pytest.fixture
def version(admin):
    draft = criteria.import_draft(member=admin, document=framework_document())
    return criteria.publish(member=admin, version_id=draft.pk, reason="First framework.")


def sign_in(client, member):
    client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.fixture
def as_admin(client, admin):
    return sign_in(client, admin)


def text_of(client, version, section=""):
    return client.get(f"/criteria/{version.uuid}/{section}").content.decode()


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace(" ,", ",").replace(" ;", ";")


@pytest.mark.parametrize("section", SECTIONS)
def test_no_section_shows_a_raw_key_where_a_name_exists(as_admin, version, section):
    said = words(text_of(as_admin, version, section).split("<main")[1])
    document = framework_document()
    keys = [row["key"] for row in document["schema"]["fields"]] + [row["key"] for row in document["derived"]]
    keys += [leaf["key"] for dimension in document["dimensions"] for leaf in dimension["criteria"]]
    found = [key for key in keys if "_" in key and re.search(rf"(?<![\w-]){key}(?![\w-])", said)]
    assert found == []
    assert "in_house" not in said


def test_weights_stand_with_their_share_and_priors_are_marked(as_admin, version):
    html = text_of(as_admin, version, "criteria/")
    assert html.count('class="prior"') >= 25
    assert "CMC rates; asked too: Clinical Operations, QA, Supply Chain" in words(html)
    overview = words(text_of(as_admin, version))
    assert "leads by at least 2.5 points" in overview
    assert "CMC, QA, Regulatory, Finance: all of them sign" in overview


def test_rules_and_gates_are_said_in_words(as_admin, version):
    rules = words(text_of(as_admin, version, "criteria/"))
    assert "Lot success expected here : 5 from 95, 4 from 90, 3 from 85, 2 from 75, below that 1" in rules
    gates = words(text_of(as_admin, version, "gates/"))
    assert "If First GMP lot needed ≤ 6 and Facility status is neither Qualified, not inspected nor Inspected" in gates
    assert "To be done: Process optimisation plan with owner and date" in gates
    risks = words(text_of(as_admin, version, "risks/"))
    assert "Facility build overrun" in risks
    assert "12 %, then 8 %" in risks


def test_what_rests_on_a_version_is_counted_as_the_reader_may_see_it(client, admin, version):
    common = {"criteria_version": version, "created_by": admin}
    program = ProgramFactory(name="Open program", **common)
    ProgramFactory(name="Hidden program", restricted=True, **common)
    ReviewFactory(program=program, state="approved", opened_by=admin)
    ReviewFactory(program=program, state="draft", opened_by=admin)
    viewer = MembershipFactory(organization=admin.organization, with_roles=["viewer"])
    said = words(text_of(sign_in(client, viewer), version))
    assert "1 program, 1 review." in said
    assert "Hidden program" not in said
    assert "1 program, 2 reviews (1 open)." in words(text_of(sign_in(client, admin), version))


def test_drafts_are_seen_by_admins_alone(client, admin, version):
    draft = criteria.clone(member=admin, version=version)
    viewer = MembershipFactory(organization=admin.organization, with_roles=["viewer"])
    sign_in(client, viewer)
    assert "Version 2" not in client.get("/criteria/").content.decode()
    assert client.get(f"/criteria/{draft.uuid}/").status_code == 404
    assert "Version 2" in sign_in(client, admin).get("/criteria/").content.decode()


def test_the_file_of_a_version_reads_in_again_as_the_same(as_admin, version):
    answer = as_admin.get(f"/criteria/{version.uuid}/file/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="msc_manufacturing_location-v1.yaml"'
    file = SimpleUploadedFile("again.yaml", answer.content)
    assert as_admin.post("/criteria/import/", {"file": file}).status_code == 302
    draft = CriteriaVersion.objects.get(state="draft")
    assert draft.number == 2
    assert criteria.content_of(draft) == criteria.content_of(version)
    assert list(criteria.content_of(draft)["kinds"]) == ["in_house", "cdmo", "hybrid"]


def test_every_error_is_named_with_its_line_and_nothing_is_written_or_lost(as_admin, version):
    text = DEFAULT_FRAMEWORK.read_text(encoding="utf-8")
    text = text.replace("bands(slack, 6, 3, 0, -6)", "bands(slak, 6, 3, 0, -6)").replace(
        "owner: clinical_operations\n        consulted: [cmc, qa, supply_chain]",
        "owner: clinical\n        consulted: [cmc]",
    )
    lines = text.splitlines()
    before = CriteriaVersion.objects.count(), AuditEvent.objects.count()
    answer = as_admin.post("/criteria/import/", {"text": text})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "2 errors. Nothing was written." in words(html)
    for wanted in ("bands(slak", "owner: clinical"):
        line = next(
            at for at, one in enumerate(lines, 1) if one.strip() == wanted or "slak" in wanted and wanted in one
        )
        assert f"line {line}<" in html
    assert "Did you mean &#x27;slack&#x27;?" in html
    assert "bands(slak, 6, 3, 0, -6)" in html.split("<textarea")[1]
    assert (CriteriaVersion.objects.count(), AuditEvent.objects.count()) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "not valid YAML"),
        ("a: 1\na: 2", "stands twice"),
        ("- 1\n- 2", "a document of keys and values"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("a: &a [*a]", "nested more than"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{c}: &{c} [{','.join(['*' + p] * 10)}]\n" for p, c in zip("abcdef", "bcdefg", strict=True)
        ), "repetitions counted"),
        ('a: "\\0"', "the character 0"),
        ("a: .inf", "no number"),
        ("gates: 5", "this is a list"),
        ("format: makewhere-framework/1", "a framework has a key"),
    ],
)  # fmt: skip
def test_what_is_no_framework_is_refused_in_words(as_admin, text, message):
    answer = as_admin.post("/criteria/import/", {"text": text})
    assert answer.status_code == 422
    assert message in answer.content.decode() or message in words(answer.content.decode())
    assert not CriteriaVersion.objects.exists()


def test_a_file_that_is_too_large_or_no_text_is_refused(as_admin):
    huge = SimpleUploadedFile("huge.yaml", b"#" * (LARGEST_FILE + 1))
    assert "at most 1 MB" in as_admin.post("/criteria/import/", {"file": huge}).content.decode()
    binary = SimpleUploadedFile("x.yaml", b"\xff\xfe\x00")
    assert "no text in UTF-8" in as_admin.post("/criteria/import/", {"file": binary}).content.decode()
    assert "Choose a file" in as_admin.post("/criteria/import/", {}).content.decode()


def test_publishing_asks_for_a_reason_and_changes_no_review(as_admin, admin, version):
    program = ProgramFactory(criteria_version=version, created_by=admin)
    review = ReviewFactory(program=program, opened_by=admin)
    draft = criteria.clone(member=admin, version=version)
    url = f"/criteria/{draft.uuid}/publish/"
    assert "Publishing changes no review" in as_admin.get(url).content.decode()
    assert as_admin.post(url, {"reason": " ", "version": draft.version}).status_code == 422
    assert as_admin.post(url, {"reason": "Better.", "version": draft.version + 1}).status_code == 422
    assert CriteriaVersion.objects.get(pk=draft.pk).state == "draft"
    assert as_admin.post(url, {"reason": "Better.", "version": draft.version}).status_code == 302
    assert CriteriaVersion.objects.get(pk=draft.pk).publish_reason == "Better."
    assert Review.objects.get(pk=review.pk).criteria_version == version
    assert Program.objects.get(pk=program.pk).criteria_version == version


def test_retiring_keeps_what_rests_on_it_and_shows_the_reason(as_admin, version):
    as_admin.post(f"/criteria/{version.uuid}/retire/", {"reason": "Replaced by v2.", "version": version.version})
    said = words(text_of(as_admin, version))
    assert "Retired" in said
    assert "“Replaced by v2.”" in said


def test_discarding_a_draft_asks_for_its_name(as_admin, admin, version):
    draft = criteria.clone(member=admin, version=version)
    as_admin.post(f"/criteria/{draft.uuid}/discard/", {"name": "draft"})
    assert CriteriaVersion.objects.filter(pk=draft.pk).exists()
    as_admin.post(f"/criteria/{draft.uuid}/discard/", {"name": str(draft)})
    assert not CriteriaVersion.objects.filter(pk=draft.pk).exists()


def test_what_changed_between_two_versions_is_said(as_admin, admin, version):
    document = framework_document()
    document["dimensions"][0]["criteria"][0]["weight"] = 8
    document["dimensions"][0]["criteria"][0]["rules"]["all"]["base"][0]["value"] = "bands(slack, 9, 3, 0, -6)"
    document["gates"] = [gate for gate in document["gates"] if gate["id"] != "G15"]
    document["verdict"]["clear_margin"] = 3
    document["risk_events"][1]["probability"]["cdmo"] = "0.08"
    draft = criteria.import_draft(member=admin, document=document)
    said = words(text_of(as_admin, draft, "changes/"))
    assert "Time to first released GMP lot 6 (6.0 of 100) 8 (7.3 of 100)" in said
    assert "Margin before the first lot is needed: 5 from 6" in said
    assert "Margin before the first lot is needed: 5 from 9" in said
    assert "G15 Shelf life Gone" in said
    assert "clear margin 2.5 3" in said
    assert "Probability, CDMO 0.06 0.08" in said
    assert "No difference" in words(text_of(as_admin, criteria.clone(member=admin, version=draft), "changes/"))


def test_search_finds_parts_by_their_words(as_admin, version):
    said = words(text_of(as_admin, version, "search/?q=potency"))
    assert "G09 Potency" in said
    assert "Power to prove comparability" in said
    assert "Nothing found" in words(text_of(as_admin, version, "search/?q=zeppelin"))
    assert "&lt;script&gt;" in text_of(as_admin, version, "search/?q=<script>")


def test_sources_link_only_to_plain_addresses(as_admin, admin):
    document = framework_document()
    document["sources"]["S01"]["where"] = "javascript:alert(1); https://example.org/a; example.org/b (memo)"
    document["sources"]["S01"]["title"] = "<b>bold</b>"
    draft = criteria.import_draft(member=admin, document=document)
    html = text_of(as_admin, draft, "sources/")
    assert 'href="https://example.org/a"' in html
    assert 'href="https://example.org/b"' in html
    assert 'href="javascript' not in html
    assert "<b>bold" not in html


def test_pages_ask_the_database_a_few_times_however_much_rests_on_a_version(as_admin, admin, version):
    def queries(path):
        with CaptureQueriesContext(connection) as caught:
            as_admin.get(path)
        return len(caught)

    paths = ["/criteria/", f"/criteria/{version.uuid}/", f"/criteria/{version.uuid}/criteria/"]
    ProgramFactory(criteria_version=version, created_by=admin)
    as_admin.get(paths[1])  # compiles the framework once
    few = [queries(path) for path in paths]
    for program in ProgramFactory.create_batch(5, criteria_version=version, created_by=admin):
        ReviewFactory(program=program, opened_by=admin)
    assert [queries(path) for path in paths] == few
    assert max(few) < 25


def test_a_written_document_reads_in_as_itself():
    document = framework_document()
    assert read_framework(write_framework(document)).document == document


@pytest.fixture
def draft(admin, version):
    return criteria.clone(member=admin, version=version)


def fill(client, url, **changed):
    """What the page's form would send with these fields changed."""
    form = client.get(url).context["form"]
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: "" if value is None else value for name, value in (sent | changed).items()}


def test_weights_are_previewed_before_they_are_written(as_admin, draft):
    url = f"/criteria/{draft.uuid}/weights/?group=dimensions&method=swing&functions=cmc&functions=qa"
    sent = fill(as_admin, url, **{"cmc:pdr": 100, "cmc:omr": 0})
    said = words(as_admin.post(url, sent | {"act": "preview"}).content.decode())
    assert "What comes of it" in said and "nothing is written yet" in said and "What it would change" in said
    assert CriteriaVersion.objects.get(pk=draft.pk).version == draft.version
    assert "pdr" not in said.split("Set weights")[-1]
    answer = as_admin.post(url, sent | {"act": "apply"}, follow=True)
    assert "The weights of Dimensions are in the draft." in words(answer.content.decode())
    assert CriteriaVersion.objects.get(pk=draft.pk).version == draft.version + 1
    clash = as_admin.post(url, sent | {"act": "apply"})
    assert clash.status_code == 422 and "Somebody changed this draft meanwhile." in words(clash.content.decode())


def test_pairs_that_contradict_each_other_are_told_with_the_one_to_look_at(as_admin, draft):
    url = f"/criteria/{draft.uuid}/weights/?group=cap&method=pairwise"
    form = as_admin.get(url).context["form"]
    pairs = [name for name in form.fields if name != "version"]
    sent = fill(as_admin, url, **dict.fromkeys(pairs, "1")) | {pairs[0]: "9", pairs[1]: "1/9"}
    said = words(as_admin.post(url, sent | {"act": "preview"}).content.decode())
    assert (
        "the pairs contradict each other" in said
        and "The other pairs together say:" in said
        and "9 times as important as" in said
    )
    consistent = words(
        as_admin.post(url, fill(as_admin, url, **dict.fromkeys(pairs, "1")) | {"act": "preview"}).content.decode()
    )
    assert "the pairs agree with each other (consistency ratio 0.00" in consistent
    missing = as_admin.post(url, fill(as_admin, url) | {"act": "preview"})
    assert missing.status_code == 422 and "Choose one under “" in words(missing.content.decode())


def test_equal_ranks_share_their_places(as_admin, draft):
    url = f"/criteria/{draft.uuid}/weights/?group=dimensions&method=rank_sum"
    names = [name for name in as_admin.get(url).context["form"].fields if name != "version"]
    said = as_admin.post(url, fill(as_admin, url, **dict.fromkeys(names, 1)) | {"act": "preview"})
    assert all(row.then == "12.5 %" for row in said.context["preview"])


def test_weights_are_set_in_drafts_alone_and_by_admins(client, as_admin, version, draft):
    assert as_admin.get(f"/criteria/{version.uuid}/weights/").status_code == 404
    assert as_admin.get(f"/criteria/{draft.uuid}/weights/?group=nowhere").status_code == 404
    member = MembershipFactory(organization=draft.organization, with_roles=["assessor"])
    assert sign_in(client, member).get(f"/criteria/{draft.uuid}/weights/").status_code == 404
