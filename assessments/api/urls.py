"""Every address of the API, under /api/v1/."""

from django.urls import path

from assessments.api import (
    agreed_values,
    assignments,
    audit,
    criteria,
    jobs,
    me,
    portfolio,
    programs,
    ratings,
    reviews,
    revisions,
    schema,
    scorecards,
)

app_name = "api"
urlpatterns = [
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("docs/", schema.docs, name="docs"),
    path("me/", me.Me.as_view(), name="me"),
    path("people/", me.People.as_view(), name="people"),
    path("portfolio/", portfolio.Portfolio.as_view(), name="portfolio"),
    path("programs/", programs.Programs.as_view(), name="programs"),
    path("programs/<uuid:id>/", programs.ProgramDetail.as_view(), name="program_detail"),
    path("programs/<uuid:id>/revisions/", revisions.Revisions.as_view(), name="revisions"),
    path("programs/<uuid:id>/scorecard/", scorecards.ProgramScorecard.as_view(), name="program_scorecard"),
    path("programs/<uuid:id>/reviews/", reviews.Reviews.as_view(), name="reviews"),
    path("revisions/<uuid:id>/", revisions.RevisionDetail.as_view(), name="revision_detail"),
    path("reviews/<uuid:id>/", reviews.ReviewDetail.as_view(), name="review_detail"),
    path("reviews/<uuid:id>/options/", reviews.Options.as_view(), name="options"),
    path("reviews/<uuid:id>/assignments/", assignments.Assignments.as_view(), name="assignments"),
    path(
        "reviews/<uuid:id>/assignments/<uuid:person>/",
        assignments.AssignmentDetail.as_view(),
        name="assignment_detail",
    ),
    path("reviews/<uuid:id>/ratings/", ratings.Ratings.as_view(), name="ratings"),
    path("reviews/<uuid:id>/ratings/accept/", ratings.AcceptSuggestions.as_view(), name="accept_suggestions"),
    path("reviews/<uuid:id>/agreed-values/", agreed_values.AgreedValues.as_view(), name="agreed_values"),
    path("agreed-values/<uuid:id>/", agreed_values.AgreedValueDetail.as_view(), name="agreed_value_detail"),
    path("reviews/<uuid:id>/scorecard/", scorecards.ReviewScorecard.as_view(), name="review_scorecard"),
    path("reviews/<uuid:id>/transitions/", reviews.Transitions.as_view(), name="transitions"),
    path("criteria-sets/", criteria.CriteriaSets.as_view(), name="criteria_sets"),
    path("criteria-versions/", criteria.CriteriaVersions.as_view(), name="criteria_versions"),
    path("criteria-versions/<uuid:id>/", criteria.CriteriaVersionDetail.as_view(), name="criteria_version_detail"),
    path("criteria-versions/<uuid:id>/document/", criteria.CriteriaDocument.as_view(), name="criteria_document"),
    path("criteria-versions/<uuid:id>/publish/", criteria.PublishCriteria.as_view(), name="publish_criteria"),
    path("criteria-versions/<uuid:id>/retire/", criteria.RetireCriteria.as_view(), name="retire_criteria"),
    path("audit-events/", audit.AuditEvents.as_view(), name="audit_events"),
    path("jobs/<uuid:id>/", jobs.JobDetail.as_view(), name="job_detail"),
]
