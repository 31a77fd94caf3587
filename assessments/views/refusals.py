"""Refusals that no view answered itself become a page that says what happened and what is safe."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import NotAllowed, TooMany
from assessments.errors import DoneAlready, Invalid, Refusal


def wait(answer: HttpResponse, refusal: TooMany) -> HttpResponse:
    """The answer to something done too often, with when to come back."""
    answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


class RefusalsAsAnswers:
    """Nothing of what is refused was written.

    403 with the reason for what one may not do, 429 for what was done too often, 422 for what cannot be taken as it came,
    409 for what cannot be done now. Whoever sent the same twice is taken to what they did.

    Django answers a method that a page does not take with an empty 405: that too becomes a page.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            allowed = response.headers["Allow"]
            response = render(request, "errors/405.html", status=405)
            response.headers["Allow"] = allowed
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, TooMany):
            return wait(render(request, "errors/429.html", {"reason": str(exception)}, status=429), exception)
        if isinstance(exception, NotAllowed):
            return render(request, "errors/403.html", {"reason": str(exception)}, status=403)
        if isinstance(exception, DoneAlready):
            messages.info(request, str(exception))
            return redirect(exception.url)
        if isinstance(exception, Invalid):
            return render(request, "errors/422.html", {"reason": str(exception)}, status=422)
        if isinstance(exception, Refusal):
            return render(request, "errors/409.html", {"reason": str(exception)}, status=409)
        return None
