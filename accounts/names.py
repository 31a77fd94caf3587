"""What a person may be called: names are printed under signatures, so that they say nothing but who somebody is."""

import unicodedata
from dataclasses import dataclass

import regex
from django.db.models import QuerySet

from accounts import letters
from accounts.models import Membership, Organization, User

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# Scripts of which letters look like those of another: no word of a language mixes them.
ALIKE = [
    regex.compile(rf"\p{{Script={script}}}")
    for script in ("Latin", "Greek", "Cyrillic", "Armenian", "Cherokee", "Coptic", "Georgian", "Lisu")
]
# Letters of Greek and Cyrillic, and signs of Latin, that are drawn as a Latin letter: UTS 39, confusables.txt.
DRAWN_AS = str.maketrans(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03bf\u03bd\u03c1"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0405\u0406\u0408"
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0455\u0456\u0458\u04bb\u0501\u051b\u051d"
    "\u0131I1|0",
    "ABEZHlKMNOPTYXaovpABEKMHOPCTXYSlJaeopcxysijhdqwilllO",
)


class NameTaken(ValueError):
    """Somebody of the organization bears the name already, or one that looks like it."""


@dataclass(frozen=True)
class Look:
    """What a reader takes in of a name: its words, without what stands between them.

    read   in small letters
    drawn  the same with letters as they are drawn, where other alphabets, and I and l, cannot be told apart
    """

    read: tuple[str, ...]
    drawn: tuple[str, ...]

    def is_like(self, other: "Look") -> bool:
        return "".join(self.read) == "".join(other.read) or "".join(self.drawn) == "".join(other.drawn)

    def goes_on_to(self, other: "Look") -> bool:
        """Whether the other name stands in this one after something else, as in `X, for Y`."""
        return _within(other.read, self.read[1:]) or _within(other.drawn, self.drawn[1:])


def look(name: str) -> Look:
    """How a name looks; wide, mathematical and accented letters are as Unicode's compatibility forms have them."""
    plain = unicodedata.normalize("NFKC", letters.SKIPPED.sub("", name))
    drawn = unicodedata.normalize("NFKC", plain.translate(DRAWN_AS).casefold())
    return Look(tuple(WORD.findall(unicodedata.normalize("NFKC", plain.casefold()))), tuple(WORD.findall(drawn)))


def _within(words: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    return bool(words) and any(longer[at : at + len(words)] == words for at in range(len(longer) - len(words) + 1))


def tidy(name: str) -> str:
    """The name as it is kept: one space between its parts, letters with their accents as one character."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def fault_in(name: str) -> str:
    """Why nobody may be called so, as a sentence; empty if they may."""
    if not name.strip():
        return "A person has a name."
    if letters.unseen_at(name, lines=False) is not None:
        return "A name has no characters that are not seen or that turn the direction of a line."
    seen = look(name)
    if not regex.search(r"\p{L}", name):
        return "A name has letters."
    for word in WORD.findall(unicodedata.normalize("NFKC", name)):
        if sum(bool(script.search(word)) for script in ALIKE) > 1:
            return f"A word of a name has letters of one alphabet; \u201c{word}\u201d mixes some that look alike. Type it again."
    if _within(("on", "behalf", "of"), seen.read) or _within(look("on behalf of").drawn, seen.drawn):
        return "A name does not say on whose behalf somebody acts: signatures do where it is so."
    return ""


def is_anothers(user: User, name: str) -> bool:
    """Whether somebody else in an organization of the person is called so: signatures would not tell them apart."""
    here = Membership.objects.filter(user=user).values("organization")
    return bool(_taken(name, Membership.objects.filter(organization__in=here).exclude(user=user)))


def require_own(organization: Organization, user: User | None, name: str) -> None:
    """Raises NameTaken where somebody else of the organization, here or gone, bears the name of who joins it, or where the
    name goes on to one of theirs.

    user  None: of somebody new, whose name can be typed otherwise
    """
    taken = _taken(name, organization.memberships.exclude(user=user))
    if not taken:
        return
    words = f"Somebody here is or was called {taken}: signatures would not tell the two apart."
    if user is None:
        raise NameTaken(f"{words} Add an initial, a second name or the site.")
    raise NameTaken(
        f"{words} This person has an account already, and only they change their name: ask them to add an initial on their own "
        "page, then add them."
    )


def _taken(name: str, others: QuerySet[Membership]) -> str:
    """The name of one of these people that reads like the given one, with their title or without, or to which it goes on;
    empty if there is none.
    """
    seen = look(name)
    for other, title in others.values_list("user__full_name", "title").distinct():
        theirs = look(other)
        if seen.is_like(theirs) or seen.goes_on_to(theirs) or (title and seen.is_like(look(f"{other} {title}"))):
            return other
    return ""
