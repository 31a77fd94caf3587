from django.urls import path

from assessments.views.programs import facts, files, moved, options, overview, re_anchor, revisions

urlpatterns = [
    path("programs/new/", overview.program_new, name="program_new"),
    path("programs/<uuid:uuid>/", overview.program_detail, name="program_detail"),
    path("programs/<uuid:uuid>/members/add/", overview.program_member_add, name="program_member_add"),
    path("programs/<uuid:uuid>/members/remove/", overview.program_member_remove, name="program_member_remove"),
    path("programs/<uuid:uuid>/leads/appoint/", overview.program_lead_appoint, name="program_lead_appoint"),
    path("programs/<uuid:uuid>/leads/release/", overview.program_lead_release, name="program_lead_release"),
    path("programs/<uuid:uuid>/facts/", facts.program_facts, name="program_facts"),
    path("programs/<uuid:uuid>/facts/fact/", facts.program_fact, name="program_fact"),
    path("programs/<uuid:uuid>/facts/state/", moved.draft_state, name="draft_state"),
    path("programs/<uuid:uuid>/facts/moved/", moved.facts_moved, name="facts_moved"),
    path("programs/<uuid:uuid>/facts/confirm/", facts.fact_confirm, name="fact_confirm"),
    path("programs/<uuid:uuid>/facts/save/", facts.program_save, name="program_save"),
    path("programs/<uuid:uuid>/facts/re-anchor/", re_anchor.program_re_anchor, name="program_re_anchor"),
    path("programs/<uuid:uuid>/facts/draft.yaml", files.draft_export, name="draft_export"),
    path("programs/<uuid:uuid>/facts/import/", files.program_import, name="program_import"),
    path("programs/<uuid:uuid>/facts/import/save/", files.program_import_confirm, name="program_import_confirm"),
    path("programs/<uuid:uuid>/options/add/", options.option_add, name="option_add"),
    path("programs/<uuid:uuid>/options/<slug:key>/", options.option_change, name="option_change"),
    path("programs/<uuid:uuid>/options/<slug:key>/move/", options.option_move, name="option_move"),
    path("programs/<uuid:uuid>/options/<slug:key>/remove/", options.option_remove, name="option_remove"),
    path("programs/<uuid:uuid>/revisions/", revisions.program_revisions, name="program_revisions"),
    path("programs/<uuid:uuid>/revisions/<int:number>/", revisions.revision_detail, name="revision_detail"),
    path("programs/<uuid:uuid>/revisions/<int:number>/facts.yaml", files.revision_export, name="revision_export"),
    path("programs/<uuid:uuid>/revisions/<int:number>/reset/", revisions.draft_reset, name="draft_reset"),
]
