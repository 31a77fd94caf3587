from django.urls import path

from assessments.views import reports

urlpatterns = [
    path("reviews/<uuid:uuid>/reports/", reports.review_reports, name="review_reports"),
    path("reports/<uuid:uuid>/row/", reports.report_row, name="report_row"),
    path("reports/<uuid:uuid>/retry/", reports.report_retry, name="report_retry"),
    path("reports/<uuid:uuid>/file/", reports.report_file, name="report_file"),
]
