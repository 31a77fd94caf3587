from django.urls import path

from assessments.views.approval import acting, conditions, page, proposing, records, route

urlpatterns = [
    path("reviews/<uuid:uuid>/approval/", page.review_approval, name="review_approval"),
    path("reviews/<uuid:uuid>/approval/submit/", proposing.review_submit, name="review_submit"),
    path("reviews/<uuid:uuid>/approval/result/", proposing.review_result_wait, name="review_result_wait"),
    path("reviews/<uuid:uuid>/approval/amend/", proposing.review_amend, name="review_amend"),
    path("reviews/<uuid:uuid>/approval/sign/", acting.review_sign, name="review_sign"),
    path("reviews/<uuid:uuid>/approval/return/", acting.review_return, name="review_return"),
    path("reviews/<uuid:uuid>/approval/question/", acting.review_question, name="review_question"),
    path("reviews/<uuid:uuid>/approval/reject/", acting.review_reject, name="review_reject"),
    path("reviews/<uuid:uuid>/approval/steps/<slug:key>/remind/", route.step_remind, name="step_remind"),
    path("reviews/<uuid:uuid>/approval/steps/<slug:key>/reassign/", route.step_reassign, name="step_reassign"),
    path("reviews/<uuid:uuid>/conditions/", conditions.condition_advise, name="condition_advise"),
    path("reviews/<uuid:uuid>/conditions/<slug:key>/", conditions.condition_assign, name="condition_assign"),
    path("reviews/<uuid:uuid>/conditions/<slug:key>/drop/", conditions.condition_drop, name="condition_drop"),
    path("reviews/<uuid:uuid>/submissions/<int:number>/", records.submission_detail, name="submission_detail"),
    path(
        "reviews/<uuid:uuid>/submissions/<int:number>/recompute/",
        records.submission_recompute,
        name="submission_recompute",
    ),
    path("reviews/<uuid:uuid>/submissions/<int:number>/record/", records.submission_record, name="submission_record"),
]
