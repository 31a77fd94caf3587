"""Tell people now what is due or late, as beat does by itself; told once however often it runs."""

from django.core.management.base import BaseCommand

from accounts.audit import acting_through
from accounts.models import AuditEvent
from assessments.services import reminders


class Command(BaseCommand):
    help = "Remind people of ratings, signatures and conditions that are due or late."

    def handle(self, *args, **options):
        with acting_through(AuditEvent.Channel.COMMAND):
            told = reminders.remind()
        for kind, count in sorted(told.items()):
            self.stdout.write(f"{kind}: {count}")
