from django.urls import path

from assessments.views import briefs

urlpatterns = [
    path("reviews/<uuid:uuid>/brief/", briefs.review_brief, name="review_brief"),
]
