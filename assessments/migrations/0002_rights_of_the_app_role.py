from django.db import migrations

from accounts.database import AllowChanges

CRITERIA_ROWS = [
    f"assessments_{table}"
    for table in (
        "source",
        "profilefield",
        "derivedquantity",
        "dimension",
        "criterion",
        "rule",
        "gate",
        "riskevent",
        "scenario",
        "lens",
        "routestep",
    )
]

DELETES = [
    "assessments_criteriaversion",
    *CRITERIA_ROWS,
    "assessments_programmember",
    "assessments_draftoption",
    "assessments_draftvalue",
    "assessments_reviewoption",
    "assessments_assignment",
    "assessments_agreedvalue",
    "assessments_programsummary",
    "assessments_reviewsummary",
    "assessments_approvalparty",
    "assessments_condition",
    "assessments_signinggrant",
    "assessments_report",
]


class Migration(migrations.Migration):
    dependencies = [("assessments", "0001_initial"), ("accounts", "0002_rights_of_the_app_role")]

    operations = [
        AllowChanges(
            updates=[
                *DELETES,
                "assessments_criteriaset",
                "assessments_program",
                "assessments_profiledraft",
                "assessments_review",
                "assessments_rating",
                "assessments_approvalstep",
                "assessments_job",
            ],
            deletes=[*DELETES, "assessments_scorecard"],
        ),
    ]
