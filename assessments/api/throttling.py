"""How many requests a token may make in a minute."""

from django.conf import settings
from django.db import connection
from rest_framework.throttling import BaseThrottle

WINDOW_SECONDS = 60

# One statement, so that no two web processes count the same request away, and a restart forgets nothing.
COUNT = """
UPDATE accounts_apitoken AS token SET
    requests = CASE WHEN running THEN requests + 1 ELSE 1 END,
    window_from = CASE WHEN running THEN window_from ELSE statement_timestamp() END
FROM (SELECT id, coalesce(window_from > statement_timestamp() - %(window)s * interval '1 second', false) AS running
      FROM accounts_apitoken WHERE id = %(token)s FOR NO KEY UPDATE) AS held
WHERE token.id = held.id
RETURNING requests, extract(epoch FROM window_from - statement_timestamp())::float8 + %(window)s
"""


class PerToken(BaseThrottle):
    """Counts a token's requests in the database: over every process and host, in windows of a minute."""

    def allow_request(self, request, view):
        if request.auth is None:
            return True
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"token": request.auth.pk, "window": WINDOW_SECONDS})
            made, self.left = cursor.fetchone()
        return made <= settings.API_RATE_PER_MINUTE

    def wait(self):
        return max(1, self.left)
