from django.urls import path

from assessments.views.criteria import acts, versions, weights

urlpatterns = [
    path("criteria/", versions.criteria_list, name="criteria_list"),
    path("criteria/import/", acts.criteria_import, name="criteria_import"),
    path("criteria/<uuid:uuid>/", versions.criteria_version, name="criteria_version"),
    path("criteria/<uuid:uuid>/file/", versions.criteria_file, name="criteria_file"),
    path("criteria/<uuid:uuid>/search/", versions.criteria_search, name="criteria_search"),
    path("criteria/<uuid:uuid>/changes/", versions.criteria_changes, name="criteria_changes"),
    path("criteria/<uuid:uuid>/publish/", acts.criteria_publish, name="criteria_publish"),
    path("criteria/<uuid:uuid>/retire/", acts.criteria_retire, name="criteria_retire"),
    path("criteria/<uuid:uuid>/discard/", acts.criteria_discard, name="criteria_discard"),
    path("criteria/<uuid:uuid>/clone/", acts.criteria_clone, name="criteria_clone"),
    path("criteria/<uuid:uuid>/weights/", weights.criteria_weights, name="criteria_weights"),
    path("criteria/<uuid:uuid>/<slug:section>/", versions.criteria_section, name="criteria_section"),
]
