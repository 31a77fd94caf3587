"""Every model of the app, by the file that holds it."""

from assessments.models.criteria import (
    CriteriaSet,
    CriteriaVersion,
    Criterion,
    DerivedQuantity,
    Dimension,
    Gate,
    Lens,
    ProfileField,
    RiskEvent,
    RouteStep,
    Rule,
    Scenario,
    Source,
)
from assessments.models.decisions import (
    ApprovalParty,
    ApprovalStep,
    Condition,
    Decision,
    ProposedDecision,
    Signature,
    SigningGrant,
    Submission,
)
from assessments.models.jobs import Job
from assessments.models.programs import (
    DraftOption,
    DraftValue,
    ProfileDraft,
    ProfileRevision,
    Program,
    ProgramMember,
)
from assessments.models.ratings import AgreedValue, Rating, RatingVersion
from assessments.models.reports import Report
from assessments.models.reviews import Assignment, Review, ReviewOption
from assessments.models.scorecards import ProgramSummary, ReviewSummary, Scorecard

__all__ = [
    "AgreedValue",
    "ApprovalParty",
    "ApprovalStep",
    "Assignment",
    "Condition",
    "CriteriaSet",
    "CriteriaVersion",
    "Criterion",
    "Decision",
    "DerivedQuantity",
    "Dimension",
    "DraftOption",
    "DraftValue",
    "Gate",
    "Job",
    "Lens",
    "ProfileDraft",
    "ProfileField",
    "ProfileRevision",
    "Program",
    "ProgramMember",
    "ProgramSummary",
    "ProposedDecision",
    "Rating",
    "RatingVersion",
    "Report",
    "Review",
    "ReviewOption",
    "ReviewSummary",
    "RiskEvent",
    "RouteStep",
    "Rule",
    "Scenario",
    "Scorecard",
    "Signature",
    "SigningGrant",
    "Source",
    "Submission",
    "Assignment",
]
