"""Every page of the decision itself, one file a topic."""

from assessments.urls import (
    approval,
    audit,
    briefs,
    changes,
    conditions,
    criteria,
    delegations,
    inbox,
    portfolio,
    programs,
    reports,
    results,
    reviews,
)

app_name = "assessments"
urlpatterns = [
    *portfolio.urlpatterns,
    *inbox.urlpatterns,
    *programs.urlpatterns,
    *reviews.urlpatterns,
    *results.urlpatterns,
    *changes.urlpatterns,
    *briefs.urlpatterns,
    *approval.urlpatterns,
    *delegations.urlpatterns,
    *conditions.urlpatterns,
    *reports.urlpatterns,
    *criteria.urlpatterns,
    *audit.urlpatterns,
]
