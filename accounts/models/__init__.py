"""People, organizations, tokens and the audit trail."""

from accounts.models.audit import AuditEvent
from accounts.models.organizations import Function, Membership, MembershipFunction, Organization, RoleGrant
from accounts.models.tokens import ApiToken, IdempotencyKey
from accounts.models.users import User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Function",
    "IdempotencyKey",
    "Membership",
    "MembershipFunction",
    "Organization",
    "RoleGrant",
    "User",
]
