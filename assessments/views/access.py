"""Who may open a page at all; the same for every app."""

from accounts.access import member_required

__all__ = ["member_required"]
