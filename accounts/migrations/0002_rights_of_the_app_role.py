from django.db import migrations

from accounts.database import AllowChanges, ReadAndInsertByDefault


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("axes", "0010_accessattemptexpiration"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [
        ReadAndInsertByDefault(),
        AllowChanges(
            updates=[
                "accounts_user",
                "accounts_organization",
                "accounts_function",
                "accounts_membership",
                "accounts_rolegrant",
                "accounts_membershipfunction",
                "accounts_apitoken",
                "accounts_idempotencykey",
                "django_session",
                "axes_accessattempt",
                "axes_accessattemptexpiration",
                "axes_accesslog",
                "axes_accessfailurelog",
                "account_emailaddress",
                "account_emailconfirmation",
                "mfa_authenticator",
                "socialaccount_socialaccount",
                "socialaccount_socialapp",
                "socialaccount_socialtoken",
            ],
            deletes=[
                "accounts_function",
                "accounts_membershipfunction",
                "accounts_idempotencykey",
                "django_session",
                "axes_accessattempt",
                "axes_accessattemptexpiration",
                "axes_accesslog",
                "axes_accessfailurelog",
                "account_emailaddress",
                "account_emailconfirmation",
                "mfa_authenticator",
                "socialaccount_socialaccount",
                "socialaccount_socialtoken",
            ],
        ),
    ]
