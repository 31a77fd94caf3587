"""The database role of a serving process: it may own nothing. Checked at process start, not in settings."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

OWNS = """
SELECT current_user,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'USAGE')),
       to_regnamespace('before_restore') IS NOT NULL
"""


def refuse_owner() -> None:
    """Raises ImproperlyConfigured if this process's role is superuser or owns tables, or a restore did not end."""
    if not settings.CHECK_DATABASE_ROLE:
        return
    with connection.cursor() as cursor:
        cursor.execute(OWNS)
        role, superuser, owned, restoring = cursor.fetchone()
    connection.close()
    if superuser or owned:
        raise ImproperlyConfigured(
            f"DATABASE_URL signs in as {role!r}, which "
            + ("is a superuser" if superuser else f"owns {owned} tables")
            + ". Web, live, worker and beat run as the application's role, which owns nothing: "
            "docs/operations.md has the statements that make it."
        )
    if restoring:
        raise ImproperlyConfigured(
            "A restore of this database was broken off: what it replaced still stands aside. Run `make restore` again."
        )
