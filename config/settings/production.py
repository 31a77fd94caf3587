"""Production: refuses to start with an unsafe setting, and names every one of them."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from config.settings.base import *  # noqa: F403
from config.settings.base import ALLOWED_HOSTS, LIVE_URL, SECRET_KEY, SITE_URL

LIVE_URL = LIVE_URL or SITE_URL  # a proxy that sends /live/ there needs no second origin
SESSION_COOKIE_SECURE = env.flag("SESSION_COOKIE_SECURE", True)
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = env.flag("CSRF_COOKIE_SECURE", True)
CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
# Never to the console there: links that set a password would stand in the log.
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST, EMAIL_PORT = env.text("EMAIL_HOST", "localhost"), env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_USER"), env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"makewhere@{urlsplit(SITE_URL).hostname}")
if env.flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_wrong = []
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
    _wrong.append("DJANGO_SECRET_KEY is missing or too short: set 50 random characters or more.")
if env.flag("DEBUG"):
    _wrong.append("DEBUG is on: production never runs with it.")
if not ALLOWED_HOSTS or any(host.startswith(("*", ".")) for host in ALLOWED_HOSTS):
    _wrong.append("ALLOWED_HOSTS must name the hosts one by one, without wildcards.")
if not SESSION_COOKIE_SECURE:
    _wrong.append("SESSION_COOKIE_SECURE is off: the session would travel in the clear.")
if not CSRF_COOKIE_SECURE:
    _wrong.append("CSRF_COOKIE_SECURE is off.")
if urlsplit(SITE_URL).scheme != "https":
    _wrong.append("SITE_URL must begin with https://.")
if LIVE_URL and urlsplit(LIVE_URL).hostname != urlsplit(SITE_URL).hostname:
    _wrong.append("LIVE_URL is on another host than SITE_URL: the session cookie must not travel there.")
if EMAIL_HOST_PASSWORD and not EMAIL_USE_TLS:
    _wrong.append("EMAIL_USE_TLS is off: EMAIL_HOST_PASSWORD would travel in the clear.")
if not env.text("DATABASE_URL"):
    _wrong.append("DATABASE_URL is missing: give the application's role, not the owner's.")
if not env.text("REDIS_URL"):
    _wrong.append("REDIS_URL is missing.")
if _wrong:
    raise ImproperlyConfigured("Makewhere does not start:\n- " + "\n- ".join(_wrong))
