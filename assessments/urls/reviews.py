from django.urls import path

from assessments.views.reviews import life, opening, panel, score, setup

urlpatterns = [
    path("programs/<uuid:uuid>/reviews/new/", opening.review_new, name="review_new"),
    path("reviews/<uuid:uuid>/", opening.review_detail, name="review_detail"),
    path("reviews/<uuid:uuid>/setup/", setup.review_setup, name="review_setup"),
    path("reviews/<uuid:uuid>/setup/question/", setup.review_edit, name="review_edit"),
    path("reviews/<uuid:uuid>/setup/options/", setup.review_options, name="review_options"),
    path("reviews/<uuid:uuid>/setup/assign/", setup.review_assign, name="review_assign"),
    path("reviews/<uuid:uuid>/setup/unassign/", setup.review_unassign, name="review_unassign"),
    path("reviews/<uuid:uuid>/start/", life.review_start, name="review_start"),
    path("reviews/<uuid:uuid>/reveal/", life.review_reveal, name="review_reveal"),
    path("reviews/<uuid:uuid>/withdraw/", life.review_withdraw, name="review_withdraw"),
    path("reviews/<uuid:uuid>/score/", score.review_score, name="review_score"),
    path("reviews/<uuid:uuid>/score/accept/", score.review_accept, name="review_accept"),
    path("reviews/<uuid:uuid>/score/confirm/", score.review_confirm, name="review_confirm"),
    path("reviews/<uuid:uuid>/score/done/", score.review_done, name="review_done"),
    path("reviews/<uuid:uuid>/score/<slug:criterion>/<slug:option>/", score.review_cell, name="review_cell"),
    path("reviews/<uuid:uuid>/panel/", panel.review_panel, name="review_panel"),
    path("reviews/<uuid:uuid>/panel/<slug:criterion>/<slug:option>/", panel.review_agree, name="review_agree"),
    path(
        "reviews/<uuid:uuid>/panel/<slug:criterion>/<slug:option>/take-back/",
        panel.review_take_back,
        name="review_take_back",
    ),
]
