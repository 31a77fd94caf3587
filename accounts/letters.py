"""Characters that a reader does not see: nobody signs, or is told apart by, what is not on the page.

Some turn the direction of a line, so that it reads otherwise than it is stored; others stand for nothing at all.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

NOT_SEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, formats, halves of pairs, separators of lines
LINES = "\t\n\r"
# Letters and marks by their category that are blank all the same, or are left out when they are drawn.
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Formats that are drawn: signs above or around the digits of a number.
DRAWN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
JOINERS = "\u200c\u200d"
# Blocks of scripts whose letters join, where a joiner changes how a word is written; and signs that make one emoji.
JOINING = (
    (0x0600, 0x08FF),  # Arabic, Syriac, Thaana, NKo
    (0x0900, 0x0DFF),  # Devanagari to Sinhala
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x1CFF),  # Khmer, Mongolian and their neighbours
    (0xA800, 0xABFF),
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFE),
    (0x10A00, 0x11FFF),
    (0x1E900, 0x1E95F),  # Adlam
    (0xFE0F, 0xFE0F),
    (0x1F300, 0x1FAFF),
)


def unseen_at(text: str, *, lines: bool = True) -> int | None:
    """Where the first character stands that is not seen; None where all are. lines: whether a text may have several."""
    before = ""
    for at, letter in enumerate(text):
        if letter in JOINERS:
            if not _joins(before):
                return at
        elif letter in BLANK or (unicodedata.category(letter) in NOT_SEEN and letter not in DRAWN):
            if not (lines and letter in LINES):
                return at
        before = letter
    return None


def _joins(before: str) -> bool:
    """Whether a joiner may follow: within a word of a script that needs it, and not after another joiner."""
    return before != "" and any(first <= ord(before) <= last for first, last in JOINING)


def fault_in(text: str) -> str:
    """What is wrong with the characters of a text, as a sentence that says where; empty if all are seen."""
    at = unseen_at(text)
    if at is None:
        return ""
    name = unicodedata.name(text[at], "").lower()
    called = f"U+{ord(text[at]):04X}{f', {name}' if name else ''}"
    before = " ".join(text[max(0, at - 200) : at].split()[-4:])[-40:]
    where = f"after \u201c{before}\u201d" if before else "at the beginning"
    return f"There is a character {where} that nobody sees ({called}). Type that place again."


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
