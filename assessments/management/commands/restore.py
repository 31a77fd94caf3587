"""`manage.py restore BACKUP`: what `make restore` runs, as the owner of the tables, while nothing else is connected."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts import anchors, restoring
from accounts.anchors import Unreadable
from accounts.backups import BackupRefused
from assessments.management.commands.backup import lacking
from assessments.models import Submission
from assessments.services.verifying import verify


class Command(BaseCommand):
    help = "Restore a backup whole or not at all, seal its audit trail, hold all that would leave, and verify."

    def add_arguments(self, parser):
        parser.add_argument("backup", type=Path, metavar="FOLDER")
        parser.add_argument("--replace", action="store_true", help="what the database holds now may go")
        parser.add_argument("--reason", default="", help="why; stands in the event of the restore")

    def handle(self, *, backup: Path, replace: bool, reason: str, **_options):
        began = time.monotonic()
        try:
            done = restoring.restore(backup, replace=replace, reason=reason)
        except (BackupRefused, Unreadable) as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(
                f"The restore broke off: {problem}. Mend that and run it again: it begins by putting back what was there."
            ) from problem
        wrong = [f"{slug}: {fault}" for slug, result in done.results.items() for fault in result.faults]
        submissions = Submission.objects.select_related("review__program").order_by("pk")
        for submission in submissions.iterator(100):
            wrong += [f"{found.what}: {found.message}" for found in verify(submission)]
        minutes = (time.monotonic() - began) / 60
        lost = restoring.age_of_the_newest(done.manifest)
        self.stdout.write(
            f"Restored {done.rows:,} rows and {done.files:,} files of {done.manifest.at}, in {minutes:.2f} minutes. "
            f"The newest event in it is {lost / 60:.1f} minutes old."
        )
        for slug, result in done.results.items():
            self.stdout.write(f"{slug}: {result.sealed} entries of the audit trail match, to {result.head[:12]}.")
        self.stdout.write(anchors.where())
        self.stdout.write(
            f"{submissions.count()} submissions with their signatures were verified. Nothing is mailed or sent until an admin "
            f"releases it; everyone signs in anew. {done.tokens:,} API tokens were revoked, for some may have been revoked since "
            "the backup: whoever uses the API makes a new one."
        )
        if done.manifest.missing:
            self.stdout.write(f"Files are missing from the backup, for {lacking(done.manifest)}")
        if wrong:
            raise CommandError("The restore is complete, but this does not verify:\n- " + "\n- ".join(wrong))
