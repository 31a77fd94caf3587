"""Check the frozen records: hashes, signatures, decisions, files of reports, and whether results come out again."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef, Q

from accounts.models import Organization
from assessments.models import Review, Submission
from assessments.services import recomputing, verifying


class Command(BaseCommand):
    help = "Verify the records of reviews. Exits 1 and names each record that is not what was signed."

    def add_arguments(self, parser):
        parser.add_argument("--organization", metavar="SLUG", help="only this organization's")
        parser.add_argument("--review", metavar="UUID", help="only this review's")
        parser.add_argument("--recompute", action="store_true", help="compute each result again from its record, too")

    def handle(self, *args: Any, **options: Any) -> None:
        # Read one after the other as they stand now: records never change, and a review may move on meanwhile.
        reviews = list(self.asked_for(options).values_list("pk", flat=True))
        if options["review"] and not reviews:
            raise CommandError("There is no such review with anything on record.", returncode=2)
        checked = faulty = 0
        for pk in reviews:
            review = Review.objects.select_related("program", "organization").get(pk=pk)
            name = f"{review.organization.slug}: {review.program.name}, {review}"
            faulty += self.tell(name, verifying.verify_review(review))
            for submission in review.submissions.select_related("review__program", "revision", "scorecard").order_by(
                "number"
            ):
                checked += 1
                faulty += self.tell(name, verifying.verify(submission))
                if options["recompute"]:
                    faulty += self.recompute(name, submission)
        if faulty:
            raise CommandError(f"{faulty} of the checks failed; each is named above.", returncode=1)
        self.stdout.write(f"Verified: {checked} submissions of {len(reviews)} reviews, nothing amiss.")

    def asked_for(self, options: dict[str, Any]):
        """Reviews with anything on record. Raises CommandError for what is no UUID, and an organization that is not there."""
        submitted = Exists(Submission.objects.filter(review=OuterRef("pk")))
        found = Review.objects.filter(Q(submitted) | Q(state__in=Review.RECORDED)).order_by("organization_id", "pk")
        if options["organization"]:
            if not Organization.objects.filter(slug=options["organization"]).exists():
                raise CommandError(f"There is no organization {options['organization']!r}.", returncode=2)
            found = found.filter(organization__slug=options["organization"])
        if options["review"]:
            try:
                found = found.filter(uuid=UUID(options["review"]))
            except ValueError as problem:
                raise CommandError(f"{options['review']} is no UUID.", returncode=2) from problem
        return found

    def tell(self, name: str, mismatches: list[verifying.Mismatch]) -> int:
        for one in mismatches:
            self.stderr.write(f"{name}: {one.what}: {one.message}")
        return len(mismatches)

    def recompute(self, name: str, submission: Submission) -> int:
        found = recomputing.recomputed(submission.record)
        stream = self.stderr if found.is_fault else self.stdout
        stream.write(f"{name}: {submission}: {found.sentence}")
        return int(found.is_fault)
