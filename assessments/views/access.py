"""Who may open a page at all, and what a form may name; the same for every app."""

from accounts.access import id_given, member_required, posted_from

__all__ = ["id_given", "member_required", "posted_from"]
