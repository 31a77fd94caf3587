"""Programs: the overview, people, facts and their draft, options, revisions, files."""

import json

import yaml

from tests.rights.rows import Row, only, signed_in
from tests.scoring import sample

PROFILE = yaml.safe_dump(sample.profile() | {"assessment_date": "2026-01-15"})
# An auditor sees programs of approved reviews only; somebody without a role sees none.
UNSEEN = {"nobody": 404, "auditor": 404, "stranger": 404}


def program(world):
    return {"uuid": world.program.uuid}


def revision(world):
    return program(world) | {"number": 1}


def option(world):
    world.more.setdefault("option", world.program.draft.options.get_or_create(
        draft=world.program.draft, key="a", defaults={"organization": world.program.organization, "kind": "cdmo", "name": "A"}
    ))  # fmt: skip
    return program(world) | {"key": "a"}


def seen(answer, **others):
    """Everyone who may see the program gets `answer` unless named."""
    return signed_in(answer, **(UNSEEN | others))


def acted(*roles, answer=302, **others):
    """The named roles may act; others who see the program are refused."""
    return only(*roles, answer=answer, **(UNSEEN | others))


def person(world):
    return {"membership": world.people["viewer"].uuid}


TABLE = {
    "assessments:program_new": [
        Row("GET", only("admin", stranger=200)),
        Row("POST", only("admin", answer=422, stranger=422)),
        Row(
            "POST",
            only("admin", answer=302, stranger=422),
            data=lambda world: {
                "name": "MSC-2",
                "criteria_version": world.version.pk,
                "lead": world.people["lead"].pk,
            },
        ),
    ],
    "assessments:program_detail": [
        Row("GET", seen(200), program),
        Row("POST", signed_in(405), program),
    ],
    "assessments:program_facts": [
        Row("GET", seen(200), program),
        Row(
            "POST",
            seen(302),
            program,
            data=lambda world: {"section": ""},
        ),
        # The small framework's facts belong to no function: the lead alone changes them.
        Row(
            "POST",
            seen(403, lead=302),
            program,
            data=lambda world: {"section": "", "need": "9", "need.was": json.dumps(""), "need.version": "0"},
        ),
    ],
    "assessments:program_fact": [
        Row("GET", seen(404), program),
        Row(
            "POST",
            seen(404),
            program,
            data=lambda world: {"need": "9", "need.version": "0"},
        ),
    ],
    "assessments:draft_state": [Row("GET", seen(200), program), Row("POST", signed_in(405), program)],
    "assessments:facts_moved": [
        Row("GET", seen(200), program, data=lambda world: {"section": "", "since": "0"}),
        Row("GET", seen(404), program, data=lambda world: {"since": "x"}),
        Row("POST", signed_in(405), program),
    ],
    "assessments:fact_confirm": [Row("GET", seen(404), program), Row("POST", seen(404), program)],
    "assessments:program_save": [
        Row("GET", seen(302), program),
        Row("POST", acted("lead", answer=422), program),
    ],
    "assessments:program_re_anchor": [
        Row("GET", acted("lead", answer=200), program),
        Row("POST", acted("lead", answer=422), program),
        Row("POST", acted("lead", answer=409), program, data=lambda world: {"version": 999}),
    ],
    "assessments:draft_export": [Row("GET", seen(200), program), Row("POST", signed_in(405), program)],
    "assessments:program_import": [
        Row("GET", seen(200), program),
        Row("POST", acted("lead", answer=200), program, data=lambda world: {"text": PROFILE}),
        Row("POST", acted("lead", answer=422), program, data=lambda world: {"text": "a: &a 1"}),
    ],
    "assessments:program_import_confirm": [
        Row("GET", seen(302), program),
        Row(
            "POST",
            acted("lead"),
            program,
            data=lambda world: {"text": PROFILE, "summary": "From a file", "version": world.program.draft.version},
        ),
    ],
    "assessments:option_add": [
        Row("GET", seen(302), program),
        Row("POST", acted("lead"), program, data=lambda world: {"kind": "cdmo", "name": "Partner C"}),
    ],
    "assessments:option_change": [
        Row("GET", seen(302), option),
        Row("POST", acted("lead"), option, data=lambda world: {"version": 1, "name": "Partner Z"}),
    ],
    "assessments:option_move": [
        Row("GET", seen(302), option),
        Row("POST", acted("lead"), option, data=lambda world: {"version": 1, "to": "up"}),
    ],
    "assessments:option_remove": [
        Row("GET", seen(302), option),
        # The review compares it.
        Row("POST", acted("lead", answer=422), option, data=lambda world: {"version": 1}),
    ],
    "assessments:program_member_add": [
        Row("GET", seen(302), program),
        Row("POST", acted("admin"), program, data=person),
    ],
    "assessments:program_member_remove": [
        Row("GET", seen(302), program),
        Row("POST", acted("admin"), program, data=person),
    ],
    "assessments:program_lead_appoint": [
        Row("GET", seen(302), program),
        Row("POST", acted("admin"), program, data=person),
    ],
    "assessments:program_lead_release": [
        Row("GET", seen(302), program),
        Row("POST", acted("admin"), program, data=person),
    ],
    "assessments:program_revisions": [Row("GET", seen(200), program), Row("POST", signed_in(405), program)],
    "assessments:revision_detail": [
        Row("GET", seen(200), revision),
        Row("GET", seen(404), lambda world: revision(world) | {"number": 7}),
        Row("POST", signed_in(405), revision),
    ],
    "assessments:revision_export": [Row("GET", seen(200), revision), Row("POST", signed_in(405), revision)],
    "assessments:draft_reset": [
        Row("GET", seen(302), revision),
        Row("POST", acted("lead"), revision, data=lambda world: {"version": world.program.draft.version}),
    ],
}
