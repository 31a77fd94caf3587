from django.urls import path

from assessments.views import delegations

urlpatterns = [
    path("delegations/", delegations.delegations_page, name="delegations"),
    path("delegations/<uuid:uuid>/end/", delegations.delegation_end, name="delegation_end"),
]
