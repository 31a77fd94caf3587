from django.urls import path

from assessments.views import audit

urlpatterns = [
    path("audit/", audit.audit, name="audit"),
    path("audit/verify/", audit.audit_verify, name="audit_verify"),
    path("audit/review/", audit.audit_review, name="audit_review"),
    path("audit/export/", audit.audit_export, name="audit_export"),
]
