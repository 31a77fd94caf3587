"""Characters that a reader does not see: nobody signs, or is told apart by, what is not on the page.

Some turn the direction of a line, so that it reads otherwise than it is stored; others stand for nothing at all, or for
something else on each computer. A few of them are seen by what they do to the letters beside them, and pass there.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import regex

LINES = "\t\n\r"
# Blank in spite of their category: the empty Braille cell, the head of no note, the filler of Khitan.
BLANK = "\u2800\U0001d159\U00016fe4"
# Properties of Unicode by their short names: controls, formats, halves of pairs, separators of lines, and what is left
# out when it is drawn (DI); private use and what no edition of Unicode names yet look as the computer likes. Formats
# that are drawn above or around the digits of a number (PCM) are seen.
HIDDEN = rf"[[\p{{Cc}}\p{{Cf}}\p{{Cs}}\p{{Zl}}\p{{Zp}}\p{{DI}}\p{{Co}}\p{{Cn}}{BLANK}]--\p{{PCM}}]"
# Blocks of scripts whose letters join: Arabic to NKo, Devanagari to Sinhala, Tibetan and Myanmar, Khmer and Mongolian,
# their supplements, and Adlam.
JOINING = (
    r"[[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefe"
    r"\U00010a00-\U00011fff\U0001e900-\U0001e95f]&&[\p{L}\p{M}]]"
)
PICTURE = r"[\p{Emoji}--[0-9#*\p{Emoji_Modifier}]]"


def _tagged(letters: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in letters) + "\U000e007f"


# What is seen by what it does: source of the sequences are Unicode's chapters 9 and 12 (joiners), 13 (Mongolian) and 23.4
# (variations), and its report 51 (emoji).
DOES = "|".join(
    (
        rf"(?<={JOINING})\u200c(?={JOINING})",
        # The form that joins, within a word, or shown alone: of Arabic after a letter that joins, of Indic after a virama.
        rf"(?<={JOINING})\u200d(?={JOINING})|(?<=[\p{{Joining_Type=D}}\p{{ccc=9}}])\u200d(?![\u200c\u200d]|$)",
        rf"(?<={PICTURE})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)",
        rf"(?<={PICTURE}\ufe0f?|\p{{Emoji_Modifier}})\u200d(?={PICTURE})",
        # England, Scotland and Wales: the only flags that are spelt with tags.
        *(f"(?<=\U0001f3f4){_tagged(land)}" for land in ("gbeng", "gbsct", "gbwls")),
        # Forms of one Chinese or Mongolian letter, in names above all.
        r"(?<=\p{Script=Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        r"(?<=\p{Script=Mongolian})[\u180b-\u180d\u180f]|(?<=\p{Script=Mongolian})\u180e(?=\p{Script=Mongolian})",
    )
)
UNSEEN = regex.compile(rf"(?:{DOES})(*SKIP)(*FAIL)|{HIDDEN}", regex.V1)
# What is left out when it is drawn, seen by what it does or not.
SKIPPED = regex.compile(r"[\p{DI}\p{Cf}]")
UNKNOWN = regex.compile(r"[[\p{Co}\p{Cn}]--\p{DI}]", regex.V1)


def unseen_at(text: str, *, lines: bool = True) -> int | None:
    """Where the first character stands that is not seen; None where all are. lines: whether a text may have several."""
    for found in UNSEEN.finditer(text):
        if not (lines and found[0] in LINES):
            return found.start()
    return None


def without_unseen(text: str) -> str:
    """The text with only what is seen, in one line."""
    return UNSEEN.sub("", text)


def fault_in(text: str) -> str:
    """What is wrong with the characters of a text, as a sentence that says where; empty if all are seen."""
    at = unseen_at(text)
    if at is None:
        return ""
    name = unicodedata.name(text[at], "").lower()
    called = f"U+{ord(text[at]):04X}{f', {name}' if name else ''}"
    before = " ".join(text[max(0, at - 200) : at].split()[-4:])[-40:]
    where = f"after \u201c{before}\u201d" if before else "at the beginning"
    which = "that looks different on each computer" if UNKNOWN.match(text[at]) else "that nobody sees"
    return f"There is a character {where} {which} ({called}). Type that place again."


def faults_in(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, what is wrong) of each text in plain data whose characters are not all seen."""
    if isinstance(data, str):
        if fault := fault_in(data):
            yield path, fault
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from faults_in(value, (*path, str(key)))
    elif isinstance(data, list | tuple):
        for at, value in enumerate(data):
            yield from faults_in(value, (*path, str(at)))
