"""Mail as files, for the demo: each mail an .eml of its own below EMAIL_FILE_PATH, whole or not at all."""

import os
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.text import slugify

from accounts.audit import database_now, sha256_of


class EmailBackend(BaseEmailBackend):
    """Names a file after day, time, recipient, subject and Message-ID: a mail sent twice shows as two of one id."""

    def send_messages(self, email_messages):
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            stamp = f"{database_now():%Y%m%d-%H%M%S}"
            words = slugify(f"{message.to[0].partition('@')[0].replace('.', ' ')} {message.subject}")[:80]
            own = sha256_of(message.extra_headers.get("Message-ID", message.subject))[:8]
            path = folder / f"{stamp}-{words}-{own}.eml"
            half = path.with_suffix(f".{os.getpid()}")
            half.write_bytes(message.message().as_bytes(linesep="\n"))
            half.replace(path)
        return len(email_messages)
