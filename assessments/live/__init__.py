"""Server events: a hint that an object moved, sent to the pages that show it. They may be lost; pages ask anyway."""

from assessments.live.changes import announce, announce_inboxes

__all__ = ["announce", "announce_inboxes"]
