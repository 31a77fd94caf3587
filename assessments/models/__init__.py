"""Every model of the app, by the file that holds it."""

from assessments.models.checks import RecordCheck
from assessments.models.conditions import Condition, ConditionEvidence, DecisionWatch, Tripwire
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
    Decision,
    ProposedDecision,
    Signature,
    SigningGrant,
    Submission,
)
from assessments.models.evidence import Evidence
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
from assessments.models.routes import Delegation, ReturnQuestion, StepReassignment
from assessments.models.scorecards import ProgramSummary, ReviewSummary, Scorecard

__all__ = [
    "AgreedValue",
    "ApprovalParty",
    "ApprovalStep",
    "Assignment",
    "Condition",
    "ConditionEvidence",
    "CriteriaSet",
    "CriteriaVersion",
    "Criterion",
    "Decision",
    "DecisionWatch",
    "Delegation",
    "DerivedQuantity",
    "Dimension",
    "DraftOption",
    "DraftValue",
    "Evidence",
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
    "RecordCheck",
    "Report",
    "ReturnQuestion",
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
    "StepReassignment",
    "Submission",
    "Tripwire",
]
