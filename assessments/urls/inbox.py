from django.urls import path

from assessments.views import inbox

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/state/", inbox.inbox_state, name="inbox_state"),
    path("inbox/count/", inbox.inbox_count, name="inbox_count"),
    path("inbox/read/", inbox.notifications_read, name="notifications_read"),
    path("inbox/<uuid:uuid>/read/", inbox.notification_read, name="notification_read"),
]
