"""What a person may be called: names are printed under signatures, so that they say nothing but who somebody is."""

import unicodedata

from accounts import letters
from accounts.models import Membership, Organization, User


class NameTaken(ValueError):
    """Somebody of the organization bears the name already."""


def tidy(name: str) -> str:
    """The name as it is kept: one space between its parts, letters with their accents as one character."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def fault_in(name: str) -> str:
    """Why nobody may be called so, as a sentence; empty if they may."""
    if not name.strip():
        return "A person has a name."
    if "on behalf of" in " ".join(name.split()).casefold():
        return "A name does not say on whose behalf somebody acts: signatures do where it is so."
    unknown = any(unicodedata.category(letter) in ("Co", "Cn") for letter in name)
    if unknown or letters.unseen_at(name, lines=False) is not None:
        return "A name has no characters that are not seen or that turn the direction of a line."
    return ""


def is_anothers(user: User, name: str) -> bool:
    """Whether somebody else in an organization of the person bears the name: signatures would not tell them apart."""
    here = Membership.objects.filter(user=user).values("organization")
    return Membership.objects.filter(organization__in=here, user__full_name__iexact=name).exclude(user=user).exists()


def require_own(organization: Organization, user: User | None, name: str) -> None:
    """Raises NameTaken where somebody else of the organization, here or gone, bears the name of who joins it.

    user  None: of somebody new, whose name can be typed otherwise
    """
    others = Membership.objects.filter(organization=organization, user__full_name__iexact=name)
    if not others.exclude(user=user).exists():
        return
    words = f"Somebody here is or was called {name}: signatures would not tell the two apart."
    if user is None:
        raise NameTaken(f"{words} Add an initial, a second name or the site.")
    raise NameTaken(
        f"{words} This person has an account already, and only they change their name: ask them to add an initial on their own "
        "page, then add them."
    )
