"""`manage.py backup --to FOLDER`: what `make backup` runs, as the owner of the tables."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import backups
from accounts.postgres_programs import ProgramFailed
from assessments.scoring.headline import ENGINE_VERSION
from assessments.services.stored_files import referred

MOST_NAMED = 20


class Command(BaseCommand):
    help = "Seal the audit trail, dump the database, copy the media files: a new folder below FOLDER, readable by you alone."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER")

    def handle(self, *, to: Path, **_options):
        try:
            made = backups.make(to, {"makewhere": settings.VERSION, "engine": ENGINE_VERSION}, referred)
            manifest = backups.read(made)
        except (backups.BackupRefused, ProgramFailed, OSError) as problem:
            raise CommandError(f"No backup was made: {problem}") from problem
        size = manifest.dump.size + sum(file.size for file in manifest.media)
        self.stdout.write(
            f"{made}\n{sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, {len(manifest.media):,} files, "
            f"{size / 1e6:,.1f} MB; the trails of {len(manifest.heads)} organizations sealed."
        )
        if manifest.missing:
            self.stdout.write(f"Not in it, for {lacking(manifest)}")


def lacking(manifest: backups.Manifest) -> str:
    """Which files a backup lacks, in words."""
    named = ", ".join(one.path for one in manifest.missing[:MOST_NAMED])
    more = len(manifest.missing) - MOST_NAMED
    also = f" and {more:,} more, see missing in its {backups.MANIFEST}" if more > 0 else ""
    return f"they were not below MEDIA_ROOT when it was made, though rows name them: {named}{also}."
