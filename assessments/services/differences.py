"""What differs between two sets of facts, value by value; plain data in, plain data out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.scoring.profile import known_on
from assessments.scoring.schema import Field, Schema

ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    what    "value", "as_of" (its date), "option" (the option is there on one side only), "name" or "host" of an option
    field   None where an option itself differs
    option  its key, "" for the program; `option_name` as the newer side calls it
    old, new  None where a value is unknown, ABSENT where that side does not have it
    """

    what: str
    field: Field | None
    option: str
    option_name: str
    kind: str
    old: Any
    new: Any

    @property
    def commercial(self) -> bool:
        return self.field is not None and self.field.commercial


def differences(old: Mapping[str, Any], new: Mapping[str, Any], schema: Schema) -> list[Difference]:
    """Every difference from `old` to `new`, options first, then values in the schema's order.

    An option that one side lacks is one difference; its values are not listed again.
    """
    found = []
    for key in [*new["options"], *(key for key in old["options"] if key not in new["options"])]:
        before, after = old["options"].get(key), new["options"].get(key)
        either = after or before
        common = (key, either["name"], either["kind"])
        if before is None or after is None:
            names = (before or {}).get("name", ABSENT), (after or {}).get("name", ABSENT)
            found.append(Difference("option", None, *common, *names))
            continue
        for what in ("name", "host"):
            if before.get(what) != after.get(what):
                sides = [_named(side, what, facts) for side, facts in ((before, old), (after, new))]
                found.append(Difference(what, None, *common, *sides))
    for field in schema.fields.values():
        if field.scope == "program":
            found += _of_one(field, "", {"name": "", "kind": ""}, old, new, old["program"], new["program"])
            continue
        for key, after in new["options"].items():
            before = old["options"].get(key)
            if before is not None and after["kind"] in field.kinds:
                found += _of_one(field, key, after, old, new, before["facts"], after["facts"])
    return found


def _named(option: Mapping[str, Any], what: str, facts: Mapping[str, Any]) -> Any:
    """The name of an option, or of its host."""
    if what == "name":
        return option["name"]
    return facts["options"].get(option.get("host"), {}).get("name")


def _of_one(field: Field, key: str, option: Mapping, old: Mapping, new: Mapping, before: Mapping, after: Mapping):
    sides = before.get(field.key, ABSENT), after.get(field.key, ABSENT)
    if sides[0] is not sides[1] and sides[0] != sides[1]:
        yield Difference("value", field, key, option["name"], option["kind"], *sides)
    if field.dated:
        name = known_on(field.key, key)
        dates = old.get("as_of", {}).get(name), new.get("as_of", {}).get(name)
        if dates[0] != dates[1]:
            yield Difference("as_of", field, key, option["name"], option["kind"], *dates)
