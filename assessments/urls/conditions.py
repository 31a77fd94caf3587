from django.urls import path

from assessments.views import conditions, evidence
from assessments.views.approval import tripwires

urlpatterns = [
    path("conditions/", conditions.conditions, name="conditions"),
    path("conditions/export/", conditions.conditions_export, name="conditions_export"),
    path("conditions/<uuid:uuid>/", conditions.condition_detail, name="condition_detail"),
    path("conditions/<uuid:uuid>/owner/", conditions.condition_hand_over, name="condition_hand_over"),
    path("conditions/<uuid:uuid>/evidence/", evidence.evidence_attach, name="evidence_attach"),
    path("evidence/<uuid:uuid>/file/", evidence.evidence_file, name="evidence_file"),
    path("evidence/<uuid:uuid>/remove/", evidence.evidence_remove, name="evidence_remove"),
    path("reviews/<uuid:uuid>/tripwires/", tripwires.tripwire_set, name="tripwire_set"),
    path("reviews/<uuid:uuid>/tripwires/<slug:key>/drop/", tripwires.tripwire_drop, name="tripwire_drop"),
]
