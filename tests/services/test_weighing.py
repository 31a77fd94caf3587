"""Weights elicited for a draft: what is written is what was answered, by whom, and nothing else ever."""

import pytest

from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, WrongState
from assessments.models import CriteriaVersion
from assessments.scoring.elicitation import Answer
from assessments.services import criteria
from assessments.services.frameworks import framework_of
from assessments.services.weighing import DIMENSIONS, apply_weights, groups_of
from tests.factories import MembershipFactory
from tests.support.documents import framework_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return MembershipFactory(with_roles=["admin"])


@pytest.fixture
def draft(admin):
    return criteria.import_draft(member=admin, document=framework_document())


def weights(version, group=DIMENSIONS):
    return groups_of(framework_of(CriteriaVersion.objects.get(pk=version.pk)))[group].weights


def apply(member, version, answers, group=DIMENSIONS, seen=None, importance=None):
    return apply_weights(
        member=member,
        version_id=version.pk,
        group_key=group,
        answers=answers,
        importance=importance,
        seen_version=version.version if seen is None else seen,
    )


def test_rank_sum_weights_of_the_dimensions_are_written_and_on_record(admin, draft):
    """Of eight in order: 2 (9 - r) / 72, so 22.2, 19.4, .. 2.8 of 100."""
    order = list(weights(draft))
    apply(admin, draft, {"together": Answer("rank_sum", order)})
    found = weights(draft)
    assert [found[key] for key in order] == pytest.approx([100 * (9 - rank) / 36 for rank in range(1, 9)], abs=1e-4)
    content = criteria.content_of(CriteriaVersion.objects.get(pk=draft.pk))
    assert [row["weight"] for row in content["dimensions"]] == pytest.approx(list(found.values()))
    event = AuditEvent.objects.get(action="criteria.weighed")
    assert event.old["weights"]["pdr"] == 20 and event.new["weights"] == pytest.approx(found)
    assert event.new["answers"] == {"together": {"method": "rank_sum", "given": order}}


def test_two_functions_are_combined_by_their_say(admin, draft):
    keys = list(weights(draft, "pdr"))
    one, other = {key: 1.0 for key in keys}, {key: float(key == keys[0]) for key in keys}
    answers = {"cmc": Answer("direct", one), "qa": Answer("direct", other)}
    apply(admin, draft, answers, "pdr", importance={"cmc": 1.0, "qa": 3.0})
    n = len(keys)
    expected = [100 * (0.25 / n + 0.75), *[100 * 0.25 / n] * (n - 1)]
    assert list(weights(draft, "pdr").values()) == pytest.approx(expected, abs=1e-4)


def test_the_same_draft_seen_before_a_change_is_a_clash_and_changes_nothing(admin, draft):
    first = {"together": Answer("direct", dict.fromkeys(weights(draft), 1.0))}
    apply(admin, draft, first)
    before = weights(draft)
    with pytest.raises(Clash):
        apply(admin, draft, {"together": Answer("direct", dict(zip(before, range(8), strict=True)))})
    assert weights(draft) == before and AuditEvent.objects.filter(action="criteria.weighed").count() == 1


def test_impossible_answers_are_refused_in_names_and_change_nothing(admin, draft):
    before = weights(draft)
    with pytest.raises(Invalid) as refused:
        apply(admin, draft, {"cmc": Answer("direct", dict.fromkeys(before, 0.0))})
    said = refused.value.problems[0]["message"]
    assert said.startswith("CMC: All weights are 0: Patient delivery risk") and "pdr" not in said
    for answer in (Answer("direct", {"pdr": 1.0}), Answer("swing", dict.fromkeys(before, 50.0)), Answer("magic", {})):
        with pytest.raises(Invalid):
            apply(admin, draft, {"cmc": answer})
    with pytest.raises(Invalid):
        apply(admin, draft, {"cmc": Answer("direct", before)}, "nowhere")
    assert weights(draft) == before and not AuditEvent.objects.filter(action="criteria.weighed").exists()


def test_only_admins_weigh_and_only_drafts(admin, draft):
    answer = {"together": Answer("direct", dict.fromkeys(weights(draft), 1.0))}
    with pytest.raises(NotAllowed):
        apply(MembershipFactory(organization=admin.organization, with_roles=["assessor"]), draft, answer)
    published = criteria.publish(member=admin, version_id=draft.pk, reason="First.")
    with pytest.raises(WrongState):
        apply(admin, published, answer, seen=published.version)
    assert weights(draft)["pdr"] == 20
