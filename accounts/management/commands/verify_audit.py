"""Verify the sealed audit trail from the rows themselves, and against its anchors."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts import anchors, chain
from accounts.models import Organization


class Command(BaseCommand):
    help = (
        "Verify the audit trail: every digest is taken again from the rows and compared with the seals and the anchored "
        "heads. Names the first number that is wrong; ends with 1 then. Warns where anchors begin late or sealing does."
    )

    def add_arguments(self, parser):
        parser.add_argument("--organization", metavar="SLUG", help="only this organization's trail")
        parser.add_argument(
            "--anchors",
            type=Path,
            metavar="FILE",
            help="the anchored heads, one JSON object a line (default: the file that AUDIT_ANCHOR names)",
        )

    def handle(self, *, organization, anchors: Path | None, **_options):
        found = Organization.objects.order_by("slug")
        if organization:
            found = found.filter(slug=organization)
            if not found:
                raise CommandError(f"There is no organization {organization!r}.")
        wrong = [one.slug for one in found if not self._verified(one, anchors)]
        if wrong:
            raise CommandError(f"The audit trail of {', '.join(wrong)} does not verify.")

    def _verified(self, organization: Organization, file: Path | None) -> bool:
        try:
            kept = anchors.of(organization, file) if file else anchors.kept_of(organization)
        except anchors.Unreadable as problem:
            raise CommandError(str(problem)) from problem
        result = chain.verify(organization, kept)
        for fault in result.faults:
            self.stderr.write(f"{organization.slug}: {fault}")
        words = f"{result.sealed} entries match"
        if result.anchored is not None:
            words += f", anchored to number {result.anchored}"
        else:
            words += ", no anchors at hand: a cut end would not be seen"
        if result.younger:
            words += f"; {result.younger} events since {result.oldest:%Y-%m-%d %H:%M:%S} UTC are not sealed yet"
        if result.lost_through:
            words += f"; a restore set it back, numbers to {result.lost_through} of before are lost"
        self.stdout.write(f"{organization.slug}: {words}.")
        for warning in result.warnings:
            self.stdout.write(f"{organization.slug}: Warning: {warning}")
        return bool(result)
