"""Names and texts that are signed have nothing in them that a reader does not see, by whatever way they come."""

import datetime

import pytest
from django.db import connection, transaction

from accounts import letters, names, own, people
from accounts.models import AuditEvent, Membership, Organization, User
from assessments.errors import Invalid
from assessments.forms.taking import SeenForm
from assessments.models import Condition, ProposedDecision, Rating, Review
from assessments.services import criteria, drafts, programs, reviews
from assessments.services.frameworks import default_document
from tests.factories import MembershipFactory
from tests.rights.world import document, make_world
from tests.scoring import sample
from tests.services import scene as scenes
from tests.services.decided import member
from tests.support.owner import as_owner

pytestmark = pytest.mark.django_db
HIDDEN = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # embeddings, overrides, isolates and their ends
    *"\u200b\u200e\u200f\u061c\u2060\u2061\ufeff\u00ad\u180e",  # no width, marks of direction, joiners of words
    *"\u2028\u2029\u0000\u0007\u001b\u0085\u3164\u115f\u2800",  # ends of lines, controls, blank letters
    *"\ufe00\ufe0f\U000e0100\u180b\u180f\u034f\u17b4",  # variations of a letter that has none, signs without a form
    *"\U0001d159\U00016fe4\u2065\U000e0080\U000e0067",  # signs that are blank, left out when drawn, tags
]
UNKNOWN = [*"\ue000\uf8ff\u0378\ufdd0\U0010ffff"]  # private use, what has no name, what never is a character
# Persian "I want" and a word with its initial form; Devanagari with a half and a whole form; Sinhala; Bengali; an emoji.
SEEN = [
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0647\u200d.",
    "\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "\u09b0\u200d\u09cd\u09af\u09be\u09ac",
    "\U0001f469\u200d\U0001f52c \u2764\ufe0f\u200d\U0001f525",
    # Families, colours of skin, flags: a rainbow, a pirate, England, Scotland; a key of a phone; a sign drawn as text.
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f469\U0001f3fd\u200d\U0001f52c \u26f9\U0001f3fd\u200d\u2640\ufe0f",
    "\U0001f3f3\ufe0f\u200d\U0001f308 \U0001f3f4\u200d\u2620\ufe0f \U0001f1e9\U0001f1ea 1\ufe0f\u20e3 \u260e\ufe0e",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    # A Japanese place with a form of its letter, Mongolian with a vowel apart, Arabic with a sign over its number, a
    # Persian word with the joiner that keyboards set after a letter that joins none.
    "\u845b\U000e0100\u57ce \u182a\u1820\u182d\u180e\u1820 \u0600\u0661 \u06a9\u0627\u0631\u200c\u0647\u0627",
    "Zoë Müller-O\u2019Brien, \u03b1\u03b2, \u6c5f\u6238, \u05d0\u05d1\u05d2, na\u0131ve \u2013 100\u00a0%",
    "Two lines,\r\na tab\tand an end\n",
]


@pytest.mark.parametrize("letter", HIDDEN)
def test_what_is_not_seen_is_named_with_its_place(letter):
    words = letters.fault_in(f"Approved: the slot is not{letter} needed.")
    assert "after \u201cthe slot is not\u201d" in words and f"U+{ord(letter):04X}" in words
    assert letters.fault_in(letter).startswith("There is a character at the beginning")
    assert names.fault_in(f"Ada{letter}Ng")


@pytest.mark.parametrize("letter", UNKNOWN)
def test_what_each_computer_draws_otherwise_is_said_to_be_so(letter):
    words = letters.fault_in(f"The slot {letter} is held.")
    assert (
        "after \u201cThe slot\u201d that looks different on each computer" in words and f"U+{ord(letter):04X}" in words
    )
    assert names.fault_in(f"Ada {letter}")


@pytest.mark.parametrize("tags", ["\U000e0067\U000e007f", "\U000e0075\U000e0073\U000e0063\U000e0061\U000e007f"])
def test_a_flag_with_tags_that_nobody_draws_hides_text(tags):
    assert "U+E00" in letters.fault_in(f"Go \U0001f3f4{tags}")


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_is_seen(text):
    assert letters.fault_in(text) == ""


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_a_joiner_where_nothing_joins_is_not_seen(joiner):
    """Otherwise two people could be called alike, and a text be another one that looks the same."""
    for text in (
        *(f"A{joiner}da", f"Ada {joiner}Ng", f"{joiner}Ada", f"\u0647{joiner}{joiner}\u0647", f"\u0647{joiner}"),
        *(f"a\ufe0f{joiner}b", f"1\ufe0f{joiner}2", f"\u0645 {joiner}\u0645", f"\U0001f469{joiner}a"),
    ):
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


LIKE_ADA = [
    *("Ada Ng", "ADA NG", "Ada  Ng", " Ada Ng ", "Ada Ng.", "Ada-Ng", "Ada\u2010Ng", "'Ada' Ng"),
    *("\uff21\uff44\uff41 Ng", "\U0001d400da Ng"),  # wide and mathematical letters
    *("\u0410\u0501\u0430 Ng",),  # a first name all in Cyrillic letters
    *("Quinn Roy, for Ada Ng", "Quinn Roy (Ada Ng)", "Ada Ng, Chief Executive", "Ada Ng - chief executive"),
]


@pytest.mark.parametrize("name", LIKE_ADA)
def test_nobody_is_added_under_a_colleagues_name(admin, name):
    Membership.objects.update(title="Chief Executive")
    with pytest.raises(names.NameTaken, match="Add an initial, a second name or the site"), transaction.atomic():
        people.add_member(actor=admin, email="other@example.org", full_name=name)
    with pytest.raises(ValueError, match="add an initial"), transaction.atomic():
        quinn = MembershipFactory(organization=admin.organization, user__full_name="Quinn Roy")
        own.change_profile(member=quinn, full_name=name, time_zone="UTC")
    assert Membership.objects.count() == User.objects.count() == 1
    added = people.add_member(actor=admin, email="other@example.org", full_name="Ada B.  Ng")
    assert added.name == "Ada B. Ng"


@pytest.mark.parametrize("name", ["Ada Ng (Lund)", "Adah Ng", "\u00c1da Ng", "Adang Roy", "Ada Nguyen", "Ida Ng"])
def test_a_name_that_reads_otherwise_is_another_name(admin, name):
    assert people.add_member(actor=admin, email="other@example.org", full_name=name).name == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("\u0410da Ng", "\u201c\u0410da\u201d mixes some that look alike"),  # a Cyrillic letter
        ("Quinn \u03bfn behalf of Ada", "mixes some that look alike"),  # a Greek one
        ("Quinn, on  behalf-of Ada", "on whose behalf"),
        ("Quinn \u043e\u0274 Ada", "mixes some that look alike"),
        ("\u0301\u0302", "A name has letters"),
        ("007", "A name has letters"),
    ],
)
def test_a_name_says_who_somebody_is_and_nothing_else(name, said):
    assert said in names.fault_in(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "\u0410\u043d\u043d\u0430 Ng",
            "\u03a0\u03b1\u03cd\u03bb\u03bf\u03c2",
            "\u674e\u5c0f\u9f99",
            "\u6f22A\u3042\u30a2",
        ),
        *(
            "O\u2019Brien-\u017b\u00f3\u0142\u0107",
            "Nikola III",
            "Bart Behalf of On",
            "\u00d0or\u0111e",
            "\u05d0\u05d1\u05d2 Ng",
        ),
    ],
)
def test_names_of_every_alphabet_are_names(name):
    assert names.fault_in(name) == ""


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


OLD = "Two\u200b good lots."


def by_hand(statement, *values):
    """As a row came to be before the rule: by no model."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


def test_what_was_stored_before_the_rule_is_carried_along_and_asked_about_only_where_it_is_given_anew(db):
    scene = scenes.make_scene(cem="cmc")
    scenes.start_scoring(scene)
    first = scene.rate("cem", 4, rationale="Two good lots.")
    by_hand("UPDATE assessments_rating SET rationale = %s WHERE id = %s", OLD, first.pk)
    again = scene.rate("cem", 3, seen_version=1)
    assert (again.score, again.rationale, again.versions.get(number=2).rationale) == (3, OLD, OLD)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Facts were wrong.")
    scenes.start_scoring(scene)
    carried = Rating.objects.get(review=scene.review)
    assert (carried.rationale, carried.versions.get().rationale, carried.to_confirm) == (OLD, OLD, True)
    with pytest.raises(Invalid) as refused, transaction.atomic():
        scene.rate("cem", 3, seen_version=1, rationale=f"{OLD} And more.")
    assert [one["field"] for one in refused.value.problems] == ["rationale"]
    assert scene.rate("cem", None, seen_version=1).rationale == OLD


@pytest.mark.django_db(transaction=True)
def test_a_review_is_opened_and_moved_on_whatever_its_old_texts_hold(owner_url):
    scene = scenes.make_scene(cem="cmc")
    statement = (
        "UPDATE assessments_profilerevision SET facts = jsonb_set(facts, '{options,own,name}', to_jsonb(%s::text))"
    )
    assert as_owner(owner_url, "assessments_profilerevision", statement, OLD) == 1
    review = scenes.open_review(scene)
    assert review.options.get(key="own").name == OLD
    statement = "UPDATE assessments_review SET question = %s"
    assert as_owner(owner_url, "assessments_review", statement, OLD) == 1
    day = datetime.date(2027, 1, 31)
    for question in (None, OLD):
        moved = reviews.edit_review(member=scene.lead, review_id=review.pk, question=question, due_on=day)
        assert (moved.question, moved.due_on) == (OLD, day)
    with pytest.raises(Invalid):
        reviews.edit_review(member=scene.lead, review_id=review.pk, question=f"{OLD} Where?", due_on=None)
    review.refresh_from_db()
    assert (review.question, review.due_on) == (OLD, day)


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
