"""Up or down, for probes. Nothing else is told to the anonymous."""

from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def live(request):
    """The process answers."""
    return JsonResponse({"status": "up"})


@require_safe
def ready(request):
    """The process answers and reaches its database with all migrations applied. The broker may be away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM assessments_job LIMIT 1")
    except DatabaseError:
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "up"})
