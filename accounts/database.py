"""What the two database roles may do: operations for migrations, triggers for models."""

from collections.abc import Sequence

import pgtrigger
from django.conf import settings
from django.db import migrations


def frozen(name: str = "frozen") -> list[pgtrigger.Trigger]:
    """Triggers of a table whose rows never change and are never deleted after insert."""
    return [
        pgtrigger.Protect(name=f"{name}_rows", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_table",
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            func="RAISE EXCEPTION 'Rows of this table never change and are never deleted.';",
        ),
    ]


def unchanging(name: str = "unchanging") -> list[pgtrigger.Trigger]:
    """Triggers of a table whose rows never change; deletion is left to its foreign keys."""
    return [pgtrigger.Protect(name=f"{name}_rows", operation=pgtrigger.Update)]


class AppRoleOperation(migrations.operations.base.Operation):
    """Base of operations that grant to the application's role, whose name comes from settings."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def statements(self, quote) -> list[str]:
        raise NotImplementedError

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        quote = schema_editor.connection.ops.quote_name
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.MAKEWHERE_APP_ROLE])
            if cursor.fetchone() is None:
                raise RuntimeError(
                    f"The database role {settings.MAKEWHERE_APP_ROLE!r} does not exist. Create it first: "
                    "docs/operations.md has the statements; MAKEWHERE_APP_ROLE names another one."
                )
            for statement in self.statements(quote):
                cursor.execute(statement)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        """Grants vanish with their tables; there is nothing to take back."""


class ReadAndInsertByDefault(AppRoleOperation):
    """Every table, present and future, may be read and inserted into by the application's role."""

    def statements(self, quote):
        role = quote(settings.MAKEWHERE_APP_ROLE)
        return [
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
            f"REVOKE INSERT ON django_migrations FROM {role}",
        ]

    def describe(self):
        return "Let the application's role read and insert"


class AllowChanges(AppRoleOperation):
    """The named tables may be updated, and those of `deletes` also deleted from, by the application's role."""

    def __init__(self, updates: list[str], deletes: Sequence[str] = ()):
        self.updates, self.deletes = list(updates), list(deletes)

    def deconstruct(self):
        return self.__class__.__name__, [], {"updates": self.updates, "deletes": self.deletes}

    def statements(self, quote):
        role = quote(settings.MAKEWHERE_APP_ROLE)
        return [f"GRANT UPDATE ON {quote(t)} TO {role}" for t in self.updates] + [
            f"GRANT DELETE ON {quote(t)} TO {role}" for t in self.deletes
        ]

    def describe(self):
        return "Let the application's role change " + ", ".join(self.updates)
