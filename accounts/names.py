"""What a person may be called: names are printed under signatures, so that they say nothing but who somebody is."""

import unicodedata

from accounts.models import Membership, User

JOINERS = "\u200c\u200d"  # part of how names are written in some scripts


def fault_in(name: str) -> str:
    """Why nobody may be called so, as a sentence; empty if they may."""
    if not name.strip():
        return "A person has a name."
    if "on behalf of" in " ".join(name.split()).casefold():
        return "A name does not say on whose behalf somebody acts: signatures do where it is so."
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn") and letter not in JOINERS for letter in name):
        return "A name has no characters that are not seen or that turn the direction of a line."
    return ""


def is_anothers(user: User, name: str) -> bool:
    """Whether somebody else in an organization of the person bears the name: signatures would not tell them apart."""
    here = Membership.objects.filter(user=user).values("organization")
    return Membership.objects.filter(organization__in=here, user__full_name__iexact=name).exclude(user=user).exists()
