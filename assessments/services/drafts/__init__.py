"""The shared draft of a program's facts: read, edited field by field, re-anchored, and saved as a revision.

Edits of the draft are no input writes: reviews, watches and results follow revisions only. Every change locks the draft's
row, so its `version` counts all of them; each value and option carries the count of its own last change, which a writer
must have seen.
"""

from assessments.services.drafts.editing import confirm_field, edit_field
from assessments.services.drafts.options import add_option, change_option, order_options, remove_option
from assessments.services.drafts.re_anchoring import Plan, plan_re_anchor, re_anchor
from assessments.services.drafts.reading import Cell, Draft, draft_state, preview, read_draft
from assessments.services.drafts.rows import follow, new_draft
from assessments.services.drafts.saving import reset_draft, save_revision

__all__ = [
    "Cell",
    "Draft",
    "Plan",
    "add_option",
    "change_option",
    "confirm_field",
    "draft_state",
    "edit_field",
    "follow",
    "new_draft",
    "order_options",
    "plan_re_anchor",
    "preview",
    "re_anchor",
    "read_draft",
    "remove_option",
    "reset_draft",
    "save_revision",
]
