from django.urls import path

from assessments.views import freshness
from assessments.views.results import pages

urlpatterns = [
    *(
        path(f"reviews/<uuid:uuid>/{page}/", pages.review_page, {"page": page}, name=f"review_{page}")
        for page in pages.PAGES
    ),
    path("reviews/<uuid:uuid>/state/", freshness.review_state, name="review_state"),
    path("reviews/<uuid:uuid>/freshness/", freshness.review_freshness, name="review_freshness"),
    path("reviews/<uuid:uuid>/result/retry/", freshness.review_retry, name="review_retry"),
    *(
        path(f"programs/<uuid:uuid>/{page}/", pages.program_page, {"page": page}, name=f"program_{page}")
        for page in pages.PAGES
    ),
    path("programs/<uuid:uuid>/state/", freshness.program_state, name="program_state"),
    path("programs/<uuid:uuid>/freshness/", freshness.program_freshness, name="program_freshness"),
    path("programs/<uuid:uuid>/result/retry/", freshness.program_retry, name="program_retry"),
]
