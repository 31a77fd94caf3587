"""How many requests a token may make in a minute."""

import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

WINDOW_SECONDS = 60


class PerToken(BaseThrottle):
    """Counts a token's requests of the running minute, in the process's cache."""

    def allow_request(self, request, view):
        if request.auth is None:
            return True
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        self.left = WINDOW_SECONDS - now % WINDOW_SECONDS
        key = f"api-rate:{request.auth.pk}:{window}"
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return cache.incr(key) <= settings.API_RATE_PER_MINUTE

    def wait(self):
        return max(1, self.left)
