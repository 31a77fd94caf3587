"""Forms that show what a service refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms


class TakesProblems(forms.Form):
    # A service's name for what stands in another field of the form.
    names: Mapping[str, str] = {}

    def take(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """Put the problems that a service found beside their fields."""
        for entry in problems:
            self.add_error(self.place_of(entry), entry["message"])

    def place_of(self, entry: Mapping[str, Any]) -> str | None:
        """The field that a problem belongs to; None: the whole form."""
        name = self.names.get(entry["field"], entry["field"])
        return name if name in self.fields else None
