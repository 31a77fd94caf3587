"""The accounts app: who a person is, and what every app needs."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from accounts import anchors, security_events  # noqa: F401  (its receivers connect themselves)

        anchors.keep_in_log()
