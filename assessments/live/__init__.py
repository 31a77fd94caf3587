"""Server events: a hint that an object moved, sent to the pages that show it. They may be lost; pages ask anyway."""

from assessments.live.changes import announce

__all__ = ["announce"]
