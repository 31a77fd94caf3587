from django.urls import path

from assessments.views import conditions
from assessments.views.approval import tripwires

urlpatterns = [
    path("conditions/", conditions.conditions, name="conditions"),
    path("conditions/export/", conditions.conditions_export, name="conditions_export"),
    path("conditions/<uuid:uuid>/", conditions.condition_detail, name="condition_detail"),
    path("evidence/<uuid:uuid>/file/", conditions.evidence_file, name="evidence_file"),
    path("reviews/<uuid:uuid>/tripwires/", tripwires.tripwire_set, name="tripwire_set"),
    path("reviews/<uuid:uuid>/tripwires/<slug:key>/drop/", tripwires.tripwire_drop, name="tripwire_drop"),
]
