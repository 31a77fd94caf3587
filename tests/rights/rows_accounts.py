"""Sign-in, organizations and people."""

from tests.rights.rows import Row, same, signed_in

TABLE = {
    "healthz_live": [Row("GET", same(200)), Row("POST", same(405))],
    "healthz_ready": [Row("GET", same(200)), Row("POST", same(405))],
    # Somebody else's membership answers 404, as a random one does; the stranger posts their own.
    "accounts:switch_organization": [
        Row("GET", signed_in(405)),
        Row("POST", signed_in(404, stranger=302), data=lambda world: {"membership": world.foreign_membership}),
    ],
}
