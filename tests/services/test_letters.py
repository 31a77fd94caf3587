"""Names and texts that are signed have nothing in them that a reader does not see, by whatever way they come."""

import pytest
from django.db import transaction

from accounts import letters, names, people
from accounts.models import AuditEvent, Membership, Organization, User
from assessments.errors import Invalid
from assessments.forms.taking import SeenForm
from assessments.models import Condition, ProposedDecision, Review
from assessments.services import criteria, drafts, programs
from assessments.services.frameworks import default_document
from tests.factories import MembershipFactory
from tests.rights.world import document, make_world
from tests.scoring import sample
from tests.services.decided import member

pytestmark = pytest.mark.django_db
HIDDEN = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # embeddings, overrides, isolates and their ends
    *"\u200b\u200e\u200f\u061c\u2060\u2061\ufeff\u00ad\u180e",  # no width, marks of direction, joiners of words
    *"\u2028\u2029\u0000\u0007\u001b\u0085\u3164\u115f\u2800",  # ends of lines, controls, blank letters
]
# Persian "I want" and a word with its initial form; Devanagari with a half and a whole form; Sinhala; Bengali; an emoji.
SEEN = [
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0647\u200d.",
    "\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "\u09b0\u200d\u09cd\u09af\u09be\u09ac",
    "\U0001f469\u200d\U0001f52c \u2764\ufe0f\u200d\U0001f525",
    "Zoë Müller-O\u2019Brien, \u03b1\u03b2, \u6c5f\u6238, \u05d0\u05d1\u05d2, na\u0131ve \u2013 100\u00a0%",
    "Two lines,\r\na tab\tand an end\n",
]


@pytest.mark.parametrize("letter", HIDDEN)
def test_what_is_not_seen_is_named_with_its_place(letter):
    words = letters.fault_in(f"Approved: the slot is not{letter} needed.")
    assert "after \u201cthe slot is not\u201d" in words and f"U+{ord(letter):04X}" in words
    assert letters.fault_in(letter).startswith("There is a character at the beginning")
    assert names.fault_in(f"Ada{letter}Ng")


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_is_seen(text):
    assert letters.fault_in(text) == ""


@pytest.mark.parametrize("joiner", letters.JOINERS)
def test_a_joiner_where_nothing_joins_is_not_seen(joiner):
    """Otherwise two people could be called alike, and a text be another one that looks the same."""
    for text in (f"A{joiner}da", f"Ada {joiner}Ng", f"{joiner}Ada", f"\u0647{joiner}{joiner}"):
        assert letters.fault_in(text) and names.fault_in(text)


def test_a_name_has_one_line_and_no_letters_that_nobody_knows():
    for name in ("Ada\nNg", "Ada\tNg", "Ada \ue000", "Ada \u0378"):
        assert names.fault_in(name)
    assert names.fault_in("\u0622\u0632\u0627\u062f\u0647\u200c\u062e\u0648") == ""


class A(SeenForm):
    from django import forms

    reason = forms.CharField(required=False)
    password = forms.CharField(required=False, widget=forms.PasswordInput)


def test_a_form_says_so_at_the_field_and_leaves_passwords_alone():
    form = A({"reason": "no\u202ebody", "password": "no\u202ebody"})
    assert not form.is_valid() and list(form.errors) == ["reason"]
    assert not A({"reason": "nobody", "password": "\u200b"}).errors


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin():
    return MembershipFactory(user__full_name="Ada Ng", with_roles=["admin"])


def test_who_founds_an_organization_bears_a_name_that_anybody_may(db):
    for given in ({"admin_name": "Ada\u200bNg"}, {"admin_name": "X on behalf of Y"}, {"name": "Hal\u202eden"}):
        told = {"name": "Halden", "slug": "halden", "admin_email": "a@example.org", "admin_name": "Ada Ng"} | given
        with pytest.raises(ValueError, match="A name|There is a character"), transaction.atomic():
            people.found_organization(**told)
    assert not Organization.objects.exists() and not User.objects.exists()


@pytest.mark.parametrize("name", ["Ada Ng", "ADA NG", "Ada  Ng", " Ada Ng "])
def test_nobody_is_added_under_a_colleagues_name(admin, name):
    with pytest.raises(names.NameTaken, match="Add an initial, a second name or the site"), transaction.atomic():
        people.add_member(actor=admin, email="other@example.org", full_name=name)
    assert Membership.objects.count() == User.objects.count() == 1
    added = people.add_member(actor=admin, email="other@example.org", full_name="Ada B.  Ng")
    assert added.name == "Ada B. Ng"


def test_nor_under_the_name_of_who_left_since_their_signatures_stay(admin):
    gone = MembershipFactory(organization=admin.organization, user__full_name="Quinn Roy", is_active=False)
    with pytest.raises(names.NameTaken):
        people.add_member(actor=admin, email="other@example.org", full_name=gone.name)


def test_who_has_an_account_elsewhere_changes_the_name_themselves(admin):
    elsewhere = MembershipFactory(user__full_name="Ada Ng")
    with pytest.raises(names.NameTaken, match="ask them to add an initial on their own page"), transaction.atomic():
        people.add_member(actor=admin, email=elsewhere.user.email, full_name="Anything")
    User.objects.filter(pk=elsewhere.user_id).update(full_name="Ada Q. Ng")
    assert people.add_member(actor=admin, email=elsewhere.user.email, full_name="Anything").name == "Ada Q. Ng"


def test_the_same_name_next_door_is_nobodys_business(admin):
    MembershipFactory(user__full_name="Quinn Roy")
    assert people.add_member(actor=admin, email="q@example.org", full_name="Quinn Roy").name == "Quinn Roy"


# -- texts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def world():
    return make_world()


def test_a_text_that_comes_by_no_form_is_refused_by_its_column(world):
    condition = {"organization": world.program.organization, "key": "x", "title": "X"}
    for write, field in (
        (lambda: Review.objects.update(state_reason="All\u202e fine."), "state_reason"),
        (lambda: ProposedDecision.objects.create(justification="\u2066It fits."), "justification"),
        (lambda: Condition.objects.create(**condition | {"title": "Quali\u200bfy"}), "title"),
        (lambda: Condition.objects.bulk_create([Condition(**condition, because="S\u00ado.")]), "because"),
    ):
        with pytest.raises(Invalid) as refused, transaction.atomic():
            write()
        assert [one["field"] for one in refused.value.problems] == [field]
    assert not Condition.objects.exists()


def test_criteria_name_the_place_of_what_is_not_seen(world):
    given = document()
    given["gates"][0]["message"] = "Blocked\u202e."
    with pytest.raises(Invalid) as refused:
        criteria.import_draft(member=member(world, "admin"), document=given)
    assert [one["field"] for one in refused.value.problems] == ["gates.0.message"]
    assert list(letters.faults_in(default_document())) == []


def test_facts_and_options_name_theirs(world):
    lead, program = member(world, "lead"), world.program
    for name, summary, field in (("Own\u2066 plant", "A name", "name"), ("Own plant", "A n\u200bame", "summary")):
        given = sample.profile() | {"assessment_date": "2026-01-15"}
        given["options"][0]["name"] = name
        with pytest.raises(Invalid) as refused, transaction.atomic():
            programs.import_revision(member=lead, program=program, document=given, summary=summary)
        assert {one["field"] for one in refused.value.problems} == {field}
    with pytest.raises(Invalid) as refused, transaction.atomic():
        drafts.add_option(member=lead, program=program, kind="cdmo", name="B\u202e")
    assert [one["field"] for one in refused.value.problems] == ["name"]
    assert program.revisions.count() == 1 and not AuditEvent.objects.filter(action="facts.saved").exists()
