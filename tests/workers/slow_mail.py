"""A mail server that takes its time, to be killed in the middle of."""

import time

from accounts import mail_files

SECONDS = 0.3


class EmailBackend(mail_files.EmailBackend):
    def send_messages(self, email_messages):
        sent = super().send_messages(email_messages)
        time.sleep(SECONDS)
        return sent
