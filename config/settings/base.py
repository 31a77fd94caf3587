"""Settings that are safe by default; development, tests and production only differ from them."""

from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab

from config import environment as env
from config.static import static_headers

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VERSION = "0.1.0"

DEBUG = False
SECRET_KEY = env.text("DJANGO_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.listed("DJANGO_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.listed("ALLOWED_HOSTS")
SITE_URL = env.text("SITE_URL", "http://localhost:8000")
LIVE_URL = env.text("LIVE_URL")
LIVE_CHECK_SECONDS = env.number("LIVE_CHECK_SECONDS", 15)  # how often sessions and rights of listeners are looked at

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "axes",
    "csp",
    "django_htmx",
    "django_structlog",
    "pgtrigger",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "assessments",
]

MIDDLEWARE = [
    "config.middleware.RequestId",
    "config.middleware.OneHost",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.PrivatePages",
    "config.middleware.FormsAreText",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ActiveMembership",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "assessments.views.refusals.RefusalsAsAnswers",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.navigation",
            ],
        },
    }
]

# The process's role decides what `default` is: only migrate, backup, restore and test set-up run as the owner.
DATABASE_URL = env.text("DATABASE_URL", "postgresql://makewhere_app@/makewhere")
DATABASES = {"default": env.database(DATABASE_URL)}
MAKEWHERE_APP_ROLE = env.text("MAKEWHERE_APP_ROLE", "makewhere_app")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# Sign-in: allauth over e-mail; sessions and lock-out lie in PostgreSQL and survive a flushed broker.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name")},
    },
    {"NAME": "accounts.passwords.NotTheProductsName"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.InvitedOnly"
ACCOUNT_FORMS = {
    "change_password": "accounts.password_change.CountingForm",
    "login": "accounts.sign_in_forms.LoginForm",
    "reauthenticate": "accounts.sign_in_forms.ReauthenticateForm",
    "reset_password": "accounts.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.sign_in_forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {
    "login_failed": None
}  # axes counts passwords in PostgreSQL instead of the cache, sign_in_codes codes
MFA_FORMS = {
    "authenticate": "accounts.sign_in_codes.SignInForm",
    "reauthenticate": "accounts.sign_in_codes.ConfirmForm",
}
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = (
    "accounts.security_events.address_of"  # what allauth hands over bears another key than its form
)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_IPWARE_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0) or None
AXES_VERBOSE = False

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(BASE_DIR / ".local" / "media")))
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *([LIVE_URL] if LIVE_URL else [])],
    }
}

# Where heads of the sealed audit trail are kept: "log" (standard output alone), or a file beside it.
AUDIT_ANCHOR = env.text("AUDIT_ANCHOR", "log")

EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_FILE_PATH = env.text("EMAIL_FILE_PATH", str(BASE_DIR / ".local" / "mail"))
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"Makewhere <makewhere@{urlsplit(SITE_URL).hostname}>")

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True  # tasks can be repeated, so a lost worker costs time, not a score
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the row's lease runs out and the dispatcher sends it again
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "makewhere")
CELERY_TASK_TIME_LIMIT = env.number("TASK_TIME_LIMIT", 300)  # seconds; a task that runs on is ended with its process
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
# A publisher gives up after a tenth of a second; what it could not send, the dispatcher sends.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_timeout": 0.1,
    "socket_connect_timeout": 0.1,
    "socket_keepalive": True,
    "retry_on_timeout": False,
    "max_retries": 0,
}

# A lost tick costs nothing: each of these finds in the database what is to be done.
CELERY_BEAT_SCHEDULE = {
    "results of another engine": {"task": "assessments.owe_outdated", "schedule": 60.0, "options": {"expires": 60}},
    "decisions not looked at today": {
        "task": "assessments.watch_today",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "the audit trail": {"task": "accounts.seal_audit", "schedule": 60.0, "options": {"expires": 60}},
    "records not checked today": {"task": "assessments.check_records", "schedule": 900.0, "options": {"expires": 900}},
    "mail that waits": {"task": "assessments.owe_deliveries", "schedule": 30.0, "options": {"expires": 30}},
    "whether the audit trail matches": {"task": "accounts.verify_trails", "schedule": crontab(hour="2", minute="17")},
    "what is due or late": {"task": "assessments.remind", "schedule": 1800.0, "options": {"expires": 1800}},
    "daily summaries": {"task": "assessments.summarise", "schedule": 600.0, "options": {"expires": 600}},
    "what nobody needs any more": {"task": "assessments.prune", "schedule": 3600.0, "options": {"expires": 3600}},
}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# The API: bearer tokens alone, JSON, every error as problem details (RFC 9457).
API_RATE_PER_MINUTE = env.number("API_RATE_PER_MINUTE", 600)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["assessments.api.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["assessments.api.authentication.TokenHasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["assessments.api.throttling.PerToken"],
    "DEFAULT_PARSER_CLASSES": ["assessments.api.parsers.JSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "assessments.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "assessments.api.problems.answer_to",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Makewhere",
    "VERSION": VERSION,
    "DESCRIPTION": "Everything that the pages do; a signature needs a grant that its person gets on the approval page. "
    "Bearer tokens: `manage.py api_token`.",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "assessments.api.schema.describe_what_all_share",
    ],
    "ENUM_NAME_OVERRIDES": {
        "VerificationState": ("more", "matches", "broken"),
        "ReviewState": "assessments.models.Review.State",
        "CriteriaState": "assessments.models.CriteriaVersion.State",
        "JobState": "assessments.models.Job.State",
        "StepState": "assessments.models.ApprovalStep.State",
        "StepKind": "assessments.models.ApprovalStep.Kind",
        "ConditionState": "assessments.models.Condition.State",
        "WatchState": "assessments.models.DecisionWatch.State",
        "ProposalKind": "assessments.models.ProposedDecision.Kind",
        "ReportKind": "assessments.models.Report.Kind",
        "SideKind": ("review", "submission", "revision"),
    },
}

LOG_FORMAT = env.text("LOG_FORMAT", "json")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
from config.logs import configure as _configure_logs  # noqa: E402  (needs the two names above)

LOGGING = _configure_logs(LOG_FORMAT, LOG_LEVEL)
DJANGO_STRUCTLOG_CELERY_ENABLED = False

# A second start-up check of what settings cannot see: the database role. `0` is for one-off commands only.
CHECK_DATABASE_ROLE = True
