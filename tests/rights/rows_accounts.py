"""Sign-in, organizations and people."""

from tests.rights.rows import Row, only, same, signed_in


def viewer(world):
    return {"uuid": world.people["viewer"].uuid}


def nowhere(world):
    return {"uuid": "00000000-0000-4000-8000-000000000000"}


ADMIN = only("admin")
ACT = only("admin", answer=302)

TABLE = {
    "healthz_live": [Row("GET", same(200)), Row("POST", same(405))],
    "healthz_ready": [Row("GET", same(200)), Row("POST", same(405))],
    # Somebody else's membership answers 404, as a random one does; the stranger posts their own.
    "accounts:switch_organization": [
        Row("GET", signed_in(302)),
        Row("POST", signed_in(404, stranger=302), data=lambda world: {"membership": world.foreign_membership}),
    ],
    "accounts:people": [Row("GET", only("admin", stranger=200)), Row("POST", signed_in(405))],
    "accounts:person_add": [
        Row("GET", only("admin", stranger=200)),
        Row("POST", only("admin", answer=422, stranger=422), data=lambda world: {"email": "no address"}),
        Row(
            "POST",
            only("admin", stranger=200),
            data=lambda world: {"email": "new@example.org", "full_name": "New Person", "roles": ["viewer"]},
        ),
    ],
    "accounts:person": [Row("GET", ADMIN, kwargs=viewer), Row("POST", signed_in(405), kwargs=viewer)],
    "accounts:person_roles": [
        Row("GET", ACT, kwargs=viewer),
        Row("POST", ACT, kwargs=viewer, data=lambda world: {"role": "approver", "act": "grant"}),
    ],
    "accounts:person_functions": [
        Row("GET", ACT, kwargs=viewer),
        Row("POST", ACT, kwargs=viewer, data=lambda world: {"functions": ["qa"]}),
    ],
    # People of the tests count as having a password, so that the admin is sent back with the reason.
    "accounts:person_link": [
        Row("GET", ACT, kwargs=viewer),
        Row("POST", ACT, kwargs=viewer),
    ],
    "accounts:person_deactivate": [
        Row("GET", ACT, kwargs=viewer),
        Row("POST", ACT, kwargs=viewer, data=lambda world: {"name": world.people["viewer"].name}),
    ],
    "accounts:person_reactivate": [
        Row("GET", ACT, kwargs=viewer),
        Row("POST", ACT, kwargs=viewer),
    ],
    "accounts:profile": [
        Row("GET", signed_in(200)),
        Row("POST", signed_in(302), data=lambda world: {"full_name": "Another Name", "time_zone": "Europe/Berlin"}),
        Row("POST", signed_in(422), data=lambda world: {"full_name": "", "time_zone": "Europe/Berlin"}),
    ],
    "accounts:token_issue": [
        Row("GET", signed_in(302)),
        Row("POST", signed_in(200), data=lambda world: {"name": "ci", "scopes": ["read"], "days": "30"}),
        Row("POST", signed_in(422), data=lambda world: {"name": "ci", "scopes": ["root"], "days": "30"}),
    ],
    "accounts:token_revoke": [
        Row("GET", signed_in(404), kwargs=nowhere),
        Row("POST", signed_in(404), kwargs=nowhere),
    ],
    "accounts:notification_settings": [
        Row("GET", signed_in(200)),
        Row("POST", signed_in(422), data=lambda world: {"step_open": "hourly"}),
    ],
    "accounts:go": [
        Row("GET", signed_in(404), kwargs=nowhere),
        Row("POST", signed_in(405), kwargs=nowhere),
    ],
    "accounts:mail": [Row("GET", only("admin", stranger=200)), Row("POST", signed_in(405))],
    "accounts:mail_hold": [
        Row("GET", signed_in(302)),
        Row("POST", only("admin", answer=302, stranger=302), data=lambda world: {"reason": "A check of addresses."}),
    ],
    "accounts:mail_release": [Row("GET", signed_in(302)), Row("POST", only("admin", answer=302, stranger=302))],
    "accounts:mail_retry": [
        Row("GET", only(answer=404, refused=403, admin=404, stranger=404), kwargs=nowhere),
        Row("POST", only(answer=404, refused=403, admin=404, stranger=404), kwargs=nowhere),
    ],
    "accounts:notification_open": [
        Row("GET", signed_in(404), kwargs=nowhere),
        Row("POST", signed_in(405), kwargs=nowhere),
    ],
    # Open to all: the code in the form is what counts.
    "accounts:welcome": [
        Row("GET", same(200), kwargs=viewer),
        Row(
            "POST",
            same(422),
            kwargs=viewer,
            data=lambda world: {"code": "wrong", "password": "eleven more words", "again": "eleven more words"},
        ),
    ],
}
