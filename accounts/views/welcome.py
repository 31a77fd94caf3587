"""The page behind a first link: one sets one's own password. The code stands after the # and never reaches a log."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.first_passwords import LinkRefused, set_first_password
from accounts.forms import FirstPasswordForm


@sensitive_post_parameters("code", "password", "again")
@require_http_methods(["GET", "POST"])
def welcome(request, uuid):
    """Set a first password. Says nothing about whether the link's person exists."""
    form = FirstPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            set_first_password(membership_uuid=uuid, code=given["code"].strip(), password=given["password"])
        except LinkRefused as refusal:
            form.add_error("code", str(refusal))
        except ValidationError as weak:
            form.add_error("password", weak)
        else:
            messages.success(request, "Your password is set. Sign in with it.")
            return redirect("account_login")
    return render(request, "accounts/welcome.html", {"form": form}, status=422 if form.errors else 200)
