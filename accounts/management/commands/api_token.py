"""Print a new API token of one membership."""

from django.core.management.base import BaseCommand, CommandError

from accounts import people
from accounts.models import ApiToken, Membership


class Command(BaseCommand):
    help = "Print a new API token of a person's membership. It is shown this once."

    def add_arguments(self, parser):
        parser.add_argument("email")
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--scope", action="append", choices=ApiToken.SCOPES, dest="scopes")

    def handle(self, *, email, organization, name, days, scopes, **_options):
        member = (
            Membership.objects.active()
            .with_rights()
            .filter(user__email__iexact=email, organization__slug=organization)
            .first()
        )
        if member is None:
            raise CommandError(f"Nobody with the address {email} is active in the organization {organization!r}.")
        try:
            _token, secret = people.issue_token(
                member=member, name=name, scopes=tuple(scopes or ApiToken.SCOPES), days=days
            )
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(secret)
