"""Seal what the audit trail holds unsealed, now."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts import sealing
from accounts.models import AuditEvent, Organization


class Command(BaseCommand):
    help = "Seal the committed events of the audit trail and anchor its heads. The worker does this every minute."

    def add_arguments(self, parser):
        parser.add_argument("--organization", metavar="SLUG", help="only this organization's trail")
        parser.add_argument(
            "--after-restore",
            action="store_true",
            help="after a restore that was not made by `make restore`: begin to count this server's transactions. "
            "Nothing else may be connected.",
        )

    def handle(self, *, organization, after_restore, **_options):
        found = Organization.objects.order_by("slug")
        if organization:
            found = found.filter(slug=organization)
            if not found:
                raise CommandError(f"There is no organization {organization!r}.")
        if after_restore:
            refuse_company()
        for one in found:
            before = sealing.head_of(one.pk).number
            try:
                made = sealing.after_restore(one) if after_restore else sealing.seal(one.pk, most=2**62)
            except sealing.ForeignTransactions as problem:
                raise CommandError(str(problem)) from problem
            head = sealing.head_of(one.pk)
            waiting = AuditEvent.objects.filter(organization=one, entry=None).count()
            self.stdout.write(
                f"{one.slug}: {head.number - before} events sealed in {len(made)} runs; head {head.number} "
                f"{head.digest[:12] or '-'}; {waiting} not yet (their transactions, or older ones, still run)."
            )


def refuse_company() -> None:
    """Raises CommandError while anybody else is connected to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), string_agg(DISTINCT usename, ', ') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
        )
        others, names = cursor.fetchone()
    if others:
        raise CommandError(
            f"{others} others are connected to the database (as {names}). Stop web, live, worker and beat first."
        )
