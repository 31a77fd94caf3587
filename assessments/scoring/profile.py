"""Profile files: both layouts into plain facts and back.

Plain facts: `{"program": {field: value}, "options": {key: {"kind", "name", "host", "facts": {field: value}}},
"as_of": {"field" or "option.field": ISO date}}`; `as_of` only of dated fields, and only where a date is known.
Layout `kinds`: one option of each kind, its facts under the schema's file paths ("capacity_lots_y.{kind}"); dates under
`as_of: {path: date}`.
Layout `options`: program facts at the top and `options: [{key, kind, name, host, facts, as_of}]`, for two of a kind.
`clock_moved: true` in either says that anchored months may lie below what a person may type, down to -120.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from assessments.scoring.clock import below_range, places
from assessments.scoring.language.check import closest, nearest
from assessments.scoring.schema import HOSTED, Field, Schema, ValueProblem

Problem = tuple[str, str, Any, str]
CLOCK_MOVED = "clock_moved"
_OPTION_ROW = ("key", "kind", "name", "host", "facts", "as_of")
_ABSENT = object()


class ProfileErrors(Exception):
    """Every problem of a profile: (field, option key or "", value as given, message)."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__(
            "; ".join(f"{name}{f' ({option})' if option else ''}: {text}" for name, option, _, text in problems)
        )


def read_profile(
    data: Any, schema: Schema, *, assessment_date: str | None = None, shifted: bool = False
) -> dict[str, Any]:
    """Plain facts of a profile file.

    data             the parsed file, either layout
    assessment_date  ISO date taken where the file has none
    shifted          anchored months may go down to -120
    Raises           ProfileErrors with every unknown, missing and impossible value
    """
    if not isinstance(data, Mapping):
        raise ProfileErrors([("", "", data, "A profile is a list of fields and values.")])
    reader = _Reader(data, schema, shifted)
    program = {}
    for entry in schema.program_fields():
        given = reader.look(entry.file)
        if given is _ABSENT and entry.key == "assessment_date" and assessment_date is not None:
            given = assessment_date
        program[entry.key] = reader.clean(entry, given, "")
    options = reader.listed() if "options" in data else reader.one_of_each_kind()
    reader.hosts(options)
    reader.dates(options)
    reader.left_over()
    if not options:
        reader.problems.append(("options", "", None, "The profile offers no option."))
    if reader.problems:
        raise ProfileErrors(reader.problems)
    return {"program": program, "options": options, "as_of": reader.as_of}


def reads(schema: Schema, facts: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Whether a schema, maybe another than the one they were read with, knows these options and has all that it asks for.

    facts  plain facts
    """
    options = [facts["options"][key] for key in keys]
    options += [facts["options"][one["host"]] for one in options if one.get("host") in facts["options"]]
    if any(one["kind"] not in schema.kinds for one in options):
        return False
    asked = [(entry, facts["program"]) for entry in schema.program_fields()]
    asked += [(entry, one["facts"]) for one in options for entry in schema.option_fields(one["kind"])]
    return all(
        entry.key in values and (entry.type != "choice" or values[entry.key] in {None, *entry.choices})
        for entry, values in asked
    )


def known_on(name: str, option: str = "") -> str:
    """The key of a fact in the `as_of` of plain facts."""
    return f"{option}.{name}" if option else name


class _Reader:
    def __init__(self, data: Mapping[str, Any], schema: Schema, shifted: bool):
        self.data, self.schema = data, schema
        self.problems: list[Problem] = []
        self.used: set[str] = {CLOCK_MOVED, "as_of"}
        self.as_of: dict[str, str] = {}
        moved = data.get(CLOCK_MOVED, False)
        if not isinstance(moved, bool):
            self.problems.append((CLOCK_MOVED, "", moved, "This is true or false."))
        self.shifted = shifted or moved is True

    def look(self, path: str) -> Any:
        here: Any = self.data
        for part in path.split("."):
            if not isinstance(here, Mapping) or part not in here:
                return _ABSENT
            here = here[part]
        self.used.add(path)
        return here

    def clean(self, entry: Field, given: Any, option: str) -> Any:
        if given is _ABSENT:
            if entry.default is not None or entry.nullable:
                return entry.default
            self.problems.append((entry.key, option, None, f"{entry.label} is missing."))
            return None
        try:
            return entry.clean(given, shifted=self.shifted)
        except ValueProblem as problem:
            self.problems.append((entry.key, option, given, str(problem)))
            return None

    def one_of_each_kind(self) -> dict[str, Any]:
        options = {}
        for kind, name in self.schema.kinds.items():
            entries = self.schema.option_fields(kind)
            own = [entry for entry in entries if "{kind}" in entry.file or entry.kinds == (kind,)]
            given = {entry.key: self.look(entry.file.replace("{kind}", kind)) for entry in entries}
            if all(given[entry.key] is _ABSENT for entry in own):
                continue
            facts = {entry.key: self.clean(entry, given[entry.key], kind) for entry in entries}
            options[kind] = {"kind": kind, "name": name, "host": None, "facts": facts}
        return options

    def listed(self) -> dict[str, Any]:
        self.used.add("options")
        options: dict[str, Any] = {}
        rows = self.data["options"]
        for at, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
            key = row.get("key") if isinstance(row, Mapping) else None
            kind = str(row.get("kind")) if isinstance(row, Mapping) else ""
            if not isinstance(key, str) or not key or not isinstance(row.get("facts"), Mapping):
                self.problems.append(("options", str(key or at), row, "An option has key, kind, name and facts."))
                continue
            if key in options:
                self.problems.append(("options", key, key, "This key stands twice."))
            if kind not in self.schema.kinds:
                hint = closest(kind, tuple(self.schema.kinds))
                self.problems.append(("kind", key, kind, f"The kind is one of {', '.join(self.schema.kinds)}.{hint}"))
                continue
            entries = {entry.key: entry for entry in self.schema.option_fields(kind)}
            for name in row:
                if name not in _OPTION_ROW:
                    hint = nearest(str(name), _OPTION_ROW)
                    self.problems.append((str(name), key, row[name], f"An option has no {name!r}.{hint}"))
            for name, value in row["facts"].items():
                if name not in entries:
                    self.problems.append((str(name), key, value, f"Unknown field.{nearest(str(name), tuple(entries))}"))
            facts = {name: self.clean(entry, row["facts"].get(name, _ABSENT), key) for name, entry in entries.items()}
            options[key] = {
                "kind": kind,
                "name": str(row.get("name") or self.schema.kinds[kind]),
                "host": row.get("host"),
                "facts": facts,
            }
            self.dates_in(row.get("as_of"), {name: (entry, key) for name, entry in entries.items()}, key)
        return options

    def dates(self, options: dict[str, Any]) -> None:
        """The dates at the top of the file: of the program's facts, and by file path in the layout `kinds`."""
        wheres = {entry.file: (entry, "") for entry in self.schema.program_fields()}
        if "options" not in self.data:
            for key, option in options.items():
                for entry in self.schema.option_fields(option["kind"]):
                    wheres[entry.file.replace("{kind}", option["kind"])] = (entry, key)
        self.dates_in(self.data.get("as_of"), wheres, "")

    def dates_in(self, given: Any, wheres: Mapping[str, tuple[Field, str]], option: str) -> None:
        if given is None:
            return
        if not isinstance(given, Mapping):
            self.problems.append(("as_of", option, given, "as_of gives dates by field: {market_state: 2026-05-31}."))
            return
        for path, day in given.items():
            if path not in wheres:
                hint = nearest(str(path), tuple(wheres))
                self.problems.append((f"as_of.{path}", option, day, f"Unknown field.{hint}"))
                continue
            entry, key = wheres[path]
            if day is None:
                continue
            try:
                self.as_of[known_on(entry.key, key)] = date_of_fact(entry, day)
            except ValueProblem as problem:
                self.problems.append((f"as_of.{path}", option, day, str(problem)))

    def hosts(self, options: dict[str, Any]) -> None:
        for key, option in options.items():
            wanted = HOSTED.get(option["kind"])
            if wanted not in self.schema.kinds:
                option["host"] = None
                continue
            hosts = [other for other, row in options.items() if row["kind"] == wanted]
            if option["host"] is None and hosts:
                option["host"] = hosts[0]
            elif option["host"] not in hosts:
                said = f"It is one of {', '.join(hosts)}." if hosts else "Add the option of its host partner."
                self.problems.append(("host", key, option["host"], f"A {option['kind']} needs a host. {said}"))

    def left_over(self) -> None:
        known = {
            path.replace("{kind}", kind)
            for path in (e.file for e in self.schema.fields.values())
            for kind in self.schema.kinds
        }
        roots = {path.split(".")[0] for path in known}

        def walk(here: Any, path: str) -> None:
            if path in self.used:
                return
            deeper = any(one.startswith(path + ".") for one in known)
            if deeper and isinstance(here, Mapping):
                for key, value in here.items():
                    walk(value, f"{path}.{key}")
                return
            hint = nearest(path, tuple(sorted(known | roots)))
            self.problems.append((path, "", here, f"Unknown field.{hint}"))

        for key, value in self.data.items():
            walk(value, str(key))


def write_profile(
    facts: Mapping[str, Any], schema: Schema, layout: str = "kinds", *, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Plain facts as the content of a profile file; `read_profile` gives the same facts back.

    layout   "kinds" (at most one option of each kind, else ValueError) or "options"
    without  keys of fields to leave out; such a file lacks them when it is read again
    """
    written: dict[str, Any] = {}

    def put(path: str, value: Any) -> None:
        here = written
        *parents, last = path.split(".")
        for part in parents:
            here = here.setdefault(part, {})
        here[last] = value

    for entry in schema.program_fields():
        if entry.key not in without:
            put(entry.file, facts["program"].get(entry.key))
    if any(below_range(place.field, place.value) for place in places(facts, schema)):
        written[CLOCK_MOVED] = True
    known = facts.get("as_of", {})
    dates = {e.file: known[e.key] for e in schema.program_fields() if known.get(e.key) and e.key not in without}
    if layout == "options":
        if dates:
            written["as_of"] = dates
        written["options"] = []
        for key, option in facts["options"].items():
            names = [e.key for e in schema.option_fields(option["kind"]) if e.key not in without]
            row = {"key": key, "kind": option["kind"], "name": option["name"], "host": option.get("host")}
            row["facts"] = {name: option["facts"].get(name) for name in names}
            if own := {name: known[known_on(name, key)] for name in names if known.get(known_on(name, key))}:
                row["as_of"] = own
            written["options"].append(row)
        return written
    kinds = [option["kind"] for option in facts["options"].values()]
    if layout != "kinds" or len(set(kinds)) < len(kinds):
        raise ValueError("Two options of one kind need the layout 'options'.")
    for key, option in facts["options"].items():
        for entry in schema.option_fields(option["kind"]):
            if entry.key in without:
                continue
            path = entry.file.replace("{kind}", option["kind"])
            put(path, option["facts"].get(entry.key))
            if known.get(known_on(entry.key, key)):
                dates[path] = known[known_on(entry.key, key)]
    if dates:
        written["as_of"] = dates
    return written


def date_of_fact(entry: Field, day: Any) -> str:
    """The ISO date as of which a dated fact is known. Raises ValueProblem for another field or no date."""
    if not entry.dated:
        raise ValueProblem(f"{entry.label} carries no date.")
    try:
        if isinstance(day, datetime.date) and not isinstance(day, datetime.datetime):
            return day.isoformat()
        return datetime.date.fromisoformat(day).isoformat()
    except (TypeError, ValueError):
        raise ValueProblem(f"{entry.label} is dated by a day such as 2026-05-31.") from None
