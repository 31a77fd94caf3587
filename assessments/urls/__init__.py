"""Every page of the decision itself, one file a topic."""

from assessments.urls import approval, audit, briefs, changes, criteria, portfolio, programs, reports, results, reviews

app_name = "assessments"
urlpatterns = [
    *portfolio.urlpatterns,
    *programs.urlpatterns,
    *reviews.urlpatterns,
    *results.urlpatterns,
    *changes.urlpatterns,
    *briefs.urlpatterns,
    *approval.urlpatterns,
    *reports.urlpatterns,
    *criteria.urlpatterns,
    *audit.urlpatterns,
]
