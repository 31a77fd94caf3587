"""Every page of the decision itself, one file a topic."""

from assessments.urls import criteria, portfolio, programs, reviews

app_name = "assessments"
urlpatterns = [
    *portfolio.urlpatterns,
    *programs.urlpatterns,
    *reviews.urlpatterns,
    *criteria.urlpatterns,
]
