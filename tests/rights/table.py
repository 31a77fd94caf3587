"""Every route x method x role x state, with the answer expected. A route that is not listed fails the build.

Each topic's rows lie in a module `rows_<topic>.py` with a TABLE of {route: [Row, ..]}.

TABLE   {route: [Row, ..]}
TOPICS  {topic: {route: [Row, ..]}}
"""

import importlib
import pkgutil

import tests.rights as here

TOPICS = {
    found.removeprefix("rows_"): importlib.import_module(f"tests.rights.{found}").TABLE
    for found in sorted(module.name for module in pkgutil.iter_modules(here.__path__))
    if found.startswith("rows_")
}
TABLE = {route: rows for listed in TOPICS.values() for route, rows in listed.items()}

# allauth's own pages, governed by allauth and tested in tests/pages/test_sign_in.py.
LIBRARY_ROUTES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_request_login_code",
    "account_confirm_login_code",
}
