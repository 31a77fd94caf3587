"""Every act that is recorded anywhere falls into one group of the audit page's filter: none is left out of all of them."""

import ast
import re

import pytest

from assessments.forms.audit import GROUPS
from tests.architecture.test_everything_is_recorded import dotted, sources

ACT = re.compile(r"[a-z_]+\.(?!html)[a-z_]+")
RECORDERS = {"record_event", "Entry"}


def acts_of(tree: ast.Module, constants: dict[str, str]) -> set[str]:
    """What a module's calls name as an act: in the first place of a recorder, or as `action` of anything."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func).rpartition(".")[2]
        named = [word.value for word in node.keywords if word.arg == "action"]
        named += node.args[:1] if name in RECORDERS else []
        handed_on = name.startswith(("_", "record_")) or name in ("move", "NotProven")
        for given in named + (node.args if handed_on else []):
            for part in ast.walk(given):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
                elif isinstance(part, ast.Name | ast.Attribute):
                    found.add(constants.get(dotted(part).rpartition(".")[2], ""))
    return {one for one in found if ACT.fullmatch(one)}


def constants_of(tree: ast.Module) -> dict[str, str]:
    """Names of the module that stand for one act, alone or among others."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else [node.targets[0]]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[name.id] = value.value
    return found


@pytest.fixture(scope="module")
def acts() -> set[str]:
    trees = [tree for _, tree in sources()]
    constants = {name: value for tree in trees for name, value in constants_of(tree).items()}
    return {act for tree in trees for act in acts_of(tree, constants)}


def groups_of(act: str) -> set[str]:
    return {key for key, (_, prefixes) in GROUPS.items() if act.startswith(prefixes)}


def test_every_act_that_is_recorded_falls_into_a_group(acts):
    assert {act for act in acts if not groups_of(act)} == set()


def test_the_reading_finds_what_it_looks_for(acts):
    assert {
        "delegation.given",
        "delegation.ended",
        "outbound.released",  # through a function of its module
        "mail_settings.changed",
        "records.checked",
        "signing.password_refused",  # through an exception
        "review.superseded",  # through move()
        "step.reminded",  # a constant
        "rating.given",
        "decision.watch_moved",
    } <= acts
    assert len(acts) > 85


def test_who_may_sign_for_whom_is_found_among_the_decisions():
    assert groups_of("delegation.given") == {"decisions"}


def test_every_group_has_acts(acts):
    used = {prefix for _, prefixes in GROUPS.values() for prefix in prefixes}
    assert {prefix for prefix in used if not any(act.startswith(prefix) for act in acts)} == set()
