"""`manage.py load_demo`: the demo's organizations, people, programs and reviews, through the services."""

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.audit import database_now
from assessments.services import demo

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "indigo", "jasper", "kelp", "lunar")


class Command(BaseCommand):
    help = "Loads the demo organizations unless they are there. For demos and trials, never for production."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--accounts", type=Path, help="write the accounts with their password to this file (0600)")

    def handle(self, *args, accounts: Path | None = None, **options):
        if settings.SESSION_COOKIE_SECURE:
            raise CommandError("These are production settings. The demo brings people whose password is printed.")
        password = "-".join(secrets.choice(WORDS) for _ in range(3)) + f"-{secrets.randbelow(9000) + 1000}"
        made = demo.load(password, database_now().date())
        if not made:
            self.stdout.write("The demo is there already.")
            return
        rows = [asdict(account) for account in made]
        if accounts:
            handle = os.open(accounts, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(rows, file, indent=1)
        else:
            for row in rows:
                self.stdout.write(f"{row['email']}  {row['password']}  {row['about']}")
