from django.urls import path

from assessments.views import freshness, results

urlpatterns = [
    path("reviews/<uuid:uuid>/result/", results.review_result, name="review_result"),
    path("reviews/<uuid:uuid>/state/", freshness.review_state, name="review_state"),
    path("reviews/<uuid:uuid>/freshness/", freshness.review_freshness, name="review_freshness"),
    path("reviews/<uuid:uuid>/result/retry/", freshness.review_retry, name="review_retry"),
    path("programs/<uuid:uuid>/result/", results.program_result, name="program_result"),
    path("programs/<uuid:uuid>/state/", freshness.program_state, name="program_state"),
    path("programs/<uuid:uuid>/freshness/", freshness.program_freshness, name="program_freshness"),
    path("programs/<uuid:uuid>/result/retry/", freshness.program_retry, name="program_retry"),
]
