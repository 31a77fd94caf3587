"""People, organizations, tokens and the audit trail."""

from accounts.models.audit import AuditEvent, AuditSeal, AuditSealEntry, TrailReview
from accounts.models.organizations import Function, Membership, MembershipFunction, Organization, RoleGrant
from accounts.models.outbound import Notification, NotificationSetting, Outbound
from accounts.models.tokens import ApiToken, IdempotencyKey
from accounts.models.users import User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "AuditSeal",
    "AuditSealEntry",
    "Function",
    "IdempotencyKey",
    "Membership",
    "MembershipFunction",
    "Notification",
    "NotificationSetting",
    "Organization",
    "Outbound",
    "RoleGrant",
    "TrailReview",
    "User",
]
