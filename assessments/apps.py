"""The assessments app: programs, criteria, reviews and decisions."""

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # A task queued by name runs only in a process that has registered it.
        from assessments import tasks  # noqa: F401  (imported for its registrations)
        from assessments.services import deliveries, leaving, owners_left, stuck_steps

        deliveries.listen()
        owners_left.listen()
        stuck_steps.listen()
        leaving.listen()
