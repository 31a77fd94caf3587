"""Whether different people can complete a route, against every way of sharing the signatures out."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.services.signers import Demand, completable, most_signatures

slots = st.frozensets(st.integers(1, 4), max_size=3)
demands = st.lists(
    st.builds(
        Demand,
        st.lists(slots, max_size=2).map(tuple),
        st.lists(slots, max_size=2).map(tuple),
        st.sampled_from([True, True, False]),
    ),
    max_size=3,
)


def some_way(wanted):
    """Whether any choice of a person for each signature keeps the rules; tries them all."""
    joint = [one for one in wanted if one.apart]
    return all(_choice([one]) for one in wanted if not one.apart) and _choice(joint)


def _choice(wanted):
    every = [
        (at, is_shared, slot)
        for at, one in enumerate(wanted)
        for is_shared, its in ((False, one.single), (True, one.shared))
        for slot in its
    ]
    for chosen in itertools.product(*(sorted(slot) for _, _, slot in every)):
        steps, own = {}, []
        for person, (at, is_shared, _) in zip(chosen, every, strict=True):
            steps.setdefault(person, set()).add(at)
            own += [] if is_shared else [person]
        if all(len(found) == 1 for found in steps.values()) and len(own) == len(set(own)):
            return True
    return False


@settings(max_examples=200, deadline=None)
@given(demands)
def test_a_route_is_completable_exactly_if_some_choice_of_people_completes_it(wanted):
    assert completable(wanted) == some_way(wanted)


@given(demands)
def test_more_people_never_make_a_route_harder(wanted):
    if completable(wanted):
        more = [
            Demand(tuple(s | {9} for s in one.single), tuple(s | {9} for s in one.shared), one.apart) for one in wanted
        ]
        assert completable(more)


def test_who_covers_two_functions_leaves_the_other_to_decide():
    """A greedy choice, or judging each step alone, would spend 1 and 2 on the functions."""
    functions = Demand((), (frozenset({1, 2}), frozenset({2})))
    assert completable([functions, Demand((frozenset({1}),))])
    assert not completable([functions, Demand((frozenset({2}),))])
    assert not completable([functions, Demand((frozenset({1, 2}),) * 2)])
    assert most_signatures([frozenset({1}), frozenset({1}), frozenset({2, 1})]) == 2


def test_a_large_route_is_judged_at_once():
    """Thirty approvers who each speak for two of fifteen functions, and as many wanted as can be left."""
    people = {one: {one % 15, (one * 7 + 1) % 15} for one in range(30)}
    functions = Demand((), tuple(frozenset(p for p, own in people.items() if key in own) for key in range(15)))
    everyone = frozenset(people)
    assert completable([functions, Demand((everyone,) * 15)])
    assert not completable([functions, Demand((everyone,) * 23)])  # fifteen functions take eight people at the least
