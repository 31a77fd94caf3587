"""What went wrong: a page that says what happened, what is safe and where to go on; problem details under /api/."""

from django.shortcuts import render

from accounts.form_bodies import NoText
from assessments.api.problems import problem

API = "/api/"


def bad_request(request, exception=None):
    if request.path.startswith(API):
        detail = str(exception) if isinstance(exception, NoText) else "The request could not be read."
        return problem(request, 400, code="bad_request", detail=detail)
    reason = str(exception) if isinstance(exception, NoText) else ""
    return render(request, "errors/400.html", {"reason": reason}, status=400)


def forbidden(request, exception=None):
    if request.path.startswith(API):
        return problem(request, 403, code="not_allowed", detail=str(exception or "This is not open to you."))
    return render(request, "errors/403.html", {"reason": str(exception or "")}, status=403)


def not_found(request, exception=None):
    if request.path.startswith(API):
        return problem(request, 404, code="not_found", detail="There is nothing here that you may see.")
    return render(request, "errors/404.html", status=404)


def server_error(request):
    if request.path.startswith(API):
        return problem(
            request, 500, code="server_error", detail="Something failed on our side. Nothing of the request was kept."
        )
    return render(request, "errors/500.html", status=500)


def csrf_failure(request, reason=""):
    return render(request, "errors/csrf.html", status=403)
