"""Who is told of an act, as the page that took it says it."""

from collections.abc import Iterable

from accounts.models import Membership


def told_words(concerned: Iterable[Membership | None], told: Iterable[Membership], actor: Membership) -> str:
    """ "Ada Ng is told; Ben Ode left and is not." in whole sentences; empty where it concerns nobody but the actor.

    told  of those concerned the ones who are told of it, the actor or not: nobody is told of their own act
    """
    reached = {person.pk for person in told}
    others = [person for person in concerned if person is not None and person.pk != actor.pk]
    names = [person.name for person in others if person.pk in reached]
    sentences = [f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} told."] if names else []
    for person in others:
        if person.pk not in reached:
            why = "may not read it" if person.is_here else "left"
            sentences.append(f"{person.name} {why} and is not told.")
    return " ".join(sentences)
