"""Checks the approval route of a framework document: who signs each step, how many of them, and in how many days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessments.scoring.language.check import nearest
from assessments.scoring.rules import Problems

STEP_KINDS = ("functional", "executive")
ROLES = ("viewer", "assessor", "approver", "admin", "auditor")
STEP_RULES = ("all", "any", "at_least")
STEP_KEYS = (
    "key", "name", "kind", "position", "functions", "role", "roles", "people", "rule", "at_least", "due_days", "despite",
)  # fmt: skip
# What keeps nobody from signing a step of which the route says so: having rated or recorded an agreed value, having
# submitted, having signed another step. The first two keep people from executive steps alone.
DUTIES = ("rated", "submitted", "signed")
OF_EXECUTIVE_STEPS = ("rated", "submitted")
MOST_DAYS = 365


def check_route(data: Mapping[str, Any], functions: Mapping[str, Any], problems: Problems) -> None:
    """Check `route` of a document; problems are recorded with their places."""
    rows = data.get("route")
    if rows is None or rows == []:
        return  # facts can be scored without a route; a review under it cannot be submitted
    if not isinstance(rows, list):
        problems.append(("route", "the route is a list of steps"))
        return
    seen: set[str] = set()
    executive = False
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("key"), str) or not row["key"]:
            problems.append((f"route[{at}]", "a step has a key, a name and a kind"))
            continue
        place = f"route[{row['key']}]"
        if row["key"] in seen:
            problems.append((place, "this key stands twice"))
        seen.add(row["key"])
        _check_step(row, place, functions, problems)
        if executive and row.get("kind") == "functional":
            problems.append((place, "a functional step comes before the executive ones"))
        executive = executive or row.get("kind") == "executive"
    if not executive:
        problems.append(("route", "the last step is an executive one: somebody has to approve"))


def _check_step(row: Mapping[str, Any], place: str, functions: Mapping[str, Any], problems: Problems) -> None:
    for key in row:
        if key not in STEP_KEYS:
            problems.append((f"{place}.{key}", f"unknown setting.{nearest(str(key), STEP_KEYS)}"))
    if row.get("kind") not in STEP_KINDS:
        problems.append((f"{place}.kind", f"a step is {' or '.join(STEP_KINDS)}, not {row.get('kind')!r}"))
    named = 0
    for key, known in (("functions", tuple(functions)), ("roles", ROLES), ("people", ())):
        listed = row.get(key) or []
        if not isinstance(listed, list):
            problems.append((f"{place}.{key}", "this is a list"))
            continue
        named += len(listed)
        for one in listed:
            if known and one not in known:
                problems.append((f"{place}.{key}", f"unknown {key[:-1]} {one!r}.{nearest(str(one), known)}"))
    role = row.get("role")
    if role is not None and role not in ROLES:
        problems.append((f"{place}.role", f"unknown role {role!r}.{nearest(str(role), ROLES)}"))
    if not named and role is None:
        problems.append((place, "a step says who signs it: functions, a role, or people by their address"))
    _check_rule(row, place, problems)
    _check_despite(row, place, problems)
    days = row.get("due_days")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS):
        problems.append((f"{place}.due_days", f"the days are a whole number from 1 to {MOST_DAYS}, not {days!r}"))
    position = row.get("position")
    if position is not None and (isinstance(position, bool) or not isinstance(position, int) or position < 0):
        problems.append((f"{place}.position", "the position is a whole number; steps of the same one run in parallel"))


def _check_rule(row: Mapping[str, Any], place: str, problems: Problems) -> None:
    rule, least = row.get("rule", "any"), row.get("at_least")
    if rule not in STEP_RULES:
        problems.append((f"{place}.rule", f"{rule!r} is no rule.{nearest(str(rule), STEP_RULES)}"))
    elif rule == "at_least":
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            problems.append((f"{place}.at_least", "the rule at_least needs how many: a whole number from 1"))
        elif not row.get("role") and not row.get("roles"):
            named = len(row.get("functions") or []) + len(row.get("people") or [])
            if named and least > named:
                problems.append((f"{place}.at_least", f"at least {least} of {named} can never be reached"))
    elif least is not None:
        problems.append((f"{place}.at_least", f"a number stands only with the rule at_least, not with {rule!r}"))


def _check_despite(row: Mapping[str, Any], place: str, problems: Problems) -> None:
    despite = row.get("despite")
    if despite is None:
        return
    if not isinstance(despite, list):
        problems.append((f"{place}.despite", f"this is a list of {', '.join(DUTIES)}"))
        return
    for one in despite:
        if one not in DUTIES:
            problems.append((f"{place}.despite", f"unknown duty {one!r}.{nearest(str(one), DUTIES)}"))
        elif one in OF_EXECUTIVE_STEPS and row.get("kind") == "functional":
            words = f"whoever {one} signs functional steps anyway; take {one!r} off"
            problems.append((f"{place}.despite", words))
