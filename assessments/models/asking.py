"""The same question asked of many people in one query."""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet, Value

from accounts.models import Membership


def those_with_rows(people: Iterable[Membership], rows_of: Callable[[Membership], QuerySet]) -> list[Membership]:
    """Of the people those for whom there is a row; one query, however many they are.

    rows_of  builds the queryset of a person, and asks the database nothing itself: give people with their rights
    """
    people = list(people)
    each = [
        rows_of(one).order_by().annotate(person_key=Value(one.pk)).values_list("person_key", flat=True)
        for one in people
    ]
    if not each:
        return []
    found = set(each[0].union(*each[1:], all=True))
    return [one for one in people if one.pk in found]
