"""What a framework calls its parts, for pages and reports that show no keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Names:
    """dimensions  key to name, in the framework's order; criteria and functions likewise
    dimension_of   of each criterion
    lenses         keys in the framework's order, which a stored scorecard forgets
    clear_share    first share from which a verdict is clear, 0 to 1
    resolution     points of margin that the model cannot tell apart
    """

    dimensions: Mapping[str, str]
    criteria: Mapping[str, str]
    dimension_of: Mapping[str, str]
    functions: Mapping[str, str] = field(default_factory=dict)
    lenses: tuple[str, ...] = ()
    clear_share: float | None = None
    resolution: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any], verdict: Mapping[str, float] | None = None) -> "Names":
        """Names of a framework document; `verdict` replaces its thresholds (a compiled framework fills in defaults)."""
        thresholds = verdict or document.get("verdict") or {}
        dimensions = document["dimensions"]
        return cls(
            dimensions={str(row["key"]): str(row.get("name") or row["key"]) for row in dimensions},
            criteria={
                str(leaf["key"]): str(leaf.get("name") or leaf["key"]) for row in dimensions for leaf in row["criteria"]
            },
            dimension_of={str(leaf["key"]): str(row["key"]) for row in dimensions for leaf in row["criteria"]},
            functions={str(key): str(name) for key, name in (document.get("functions") or {}).items()},
            lenses=tuple(str(row["key"]) for row in document.get("lenses") or ()),
            clear_share=thresholds.get("clear_first_share"),
            resolution=thresholds.get("resolution"),
        )

    def ordered(self, found: Mapping[str, Any], order: tuple[str, ...]) -> list[tuple[str, Any]]:
        """The items of a part of a scorecard in the framework's order; what it does not know comes last, by key."""
        place = {key: at for at, key in enumerate(order)}
        return sorted(found.items(), key=lambda item: (place.get(item[0], len(place)), item[0]))

    def function(self, key: str) -> str:
        return self.functions.get(key, key.replace("_", " ").capitalize())
