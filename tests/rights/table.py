"""Every route x method x role, with the answer expected. A route that is not listed fails the build.

Rows are (route, methods); answers are by role in the order of ROLES. `SIGN_IN` means a redirect to the sign-in page.
"""

ROLES = ("anonymous", "nobody", "viewer", "assessor", "approver", "admin", "auditor", "stranger", "deactivated")
SIGN_IN = "sign in"


def same(answer):
    return dict.fromkeys(ROLES, answer)


def signed_in(answer):
    """Anyone who is signed in gets `answer`; a deactivated person is not signed in."""
    return same(answer) | {"anonymous": SIGN_IN, "deactivated": SIGN_IN}


TABLE = {
    "healthz_live": {"GET": same(200), "POST": same(405)},
    "healthz_ready": {"GET": same(200), "POST": same(405)},
    # A foreign membership answers 404, as a random one does; the test posts a stranger's.
    "accounts:switch_organization": {"GET": signed_in(405), "POST": signed_in(404)},
}

# allauth's own pages, governed by allauth and tested in tests/pages/test_sign_in.py.
LIBRARY_ROUTES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_email",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_request_login_code",
    "account_confirm_login_code",
}
