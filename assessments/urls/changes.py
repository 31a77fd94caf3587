from django.urls import path

from assessments.views.changes import pages

urlpatterns = [
    path("reviews/<uuid:uuid>/changes/", pages.review_changes, name="review_changes"),
    path("programs/<uuid:uuid>/changes/", pages.program_changes, name="program_changes"),
]
