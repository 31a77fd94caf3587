"""Criteria: published versions for whoever holds a role, drafts and every act for admins."""

from tests.rights.rows import Row, only, signed_in


def published(world):
    return {"uuid": world.version.uuid}


def draft(world):
    return {"uuid": world.draft_version.uuid}


READS = signed_in(200, nobody=404, stranger=404)
READS_DRAFTS = signed_in(404, admin=200)
REASON = {"reason": "Weights as agreed.", "version": "1"}


def as_seen(world):
    return REASON | {"version": world.version.version}


def of_section(world):
    return {"uuid": world.version.uuid, "section": "criteria"}


TABLE = {
    "assessments:criteria_list": [Row("GET", signed_in(200))],
    "assessments:criteria_version": [
        Row("GET", READS, kwargs=published),
        Row("GET", READS_DRAFTS, kwargs=draft),
        Row("POST", signed_in(405), kwargs=published),
    ],
    "assessments:criteria_section": [
        Row("GET", READS, kwargs=of_section),
        Row("GET", READS_DRAFTS, kwargs=lambda world: {"uuid": world.draft_version.uuid, "section": "gates"}),
        Row("GET", signed_in(404), kwargs=lambda world: {"uuid": world.version.uuid, "section": "nowhere"}),
    ],
    "assessments:criteria_file": [
        Row("GET", READS, kwargs=published),
        Row("GET", READS_DRAFTS, kwargs=draft),
    ],
    "assessments:criteria_search": [
        Row("GET", READS, kwargs=published),
        Row("GET", READS_DRAFTS, kwargs=draft),
    ],
    "assessments:criteria_changes": [
        Row("GET", READS, kwargs=published),
        Row("GET", READS_DRAFTS, kwargs=draft),
        Row(
            "GET",
            signed_in(404, admin=200),
            kwargs=published,
            data=lambda world: {"against": str(world.draft_version.uuid)},
        ),
    ],
    "assessments:criteria_weights": [
        Row("GET", READS_DRAFTS, kwargs=draft),
        Row("GET", signed_in(404), kwargs=published),
        Row("POST", signed_in(404, admin=422), kwargs=draft),
    ],
    "assessments:criteria_import": [
        Row("GET", only("admin", stranger=200)),
        Row("POST", only("admin", answer=422, stranger=422), data=lambda world: {"text": "- nothing"}),
    ],
    "assessments:criteria_publish": [
        Row("GET", signed_in(404, admin=200), kwargs=draft),
        Row("POST", signed_in(404, admin=302), kwargs=draft, data=lambda world: REASON),
        Row("POST", signed_in(404, admin=422), kwargs=draft),
        Row("POST", only("admin", answer=409, nobody=404), kwargs=published, data=as_seen),
    ],
    "assessments:criteria_retire": [
        Row("GET", only("admin", nobody=404), kwargs=published),
        Row("POST", only("admin", answer=302, nobody=404), kwargs=published, data=lambda world: REASON),
        Row("POST", signed_in(404, admin=409), kwargs=draft, data=lambda world: REASON),
    ],
    "assessments:criteria_discard": [
        Row("GET", signed_in(404, admin=302), kwargs=draft),
        Row("POST", signed_in(404, admin=302), kwargs=draft),
        Row("POST", only("admin", answer=302, nobody=404), kwargs=published),
    ],
    "assessments:criteria_clone": [
        Row("GET", signed_in(302, nobody=404, stranger=404), kwargs=published),
        Row("POST", only("admin", answer=302, nobody=404), kwargs=published),
    ],
}
