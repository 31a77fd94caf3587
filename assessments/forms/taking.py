"""Forms of this application: they take no text with what nobody sees, and show what a service refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from accounts.field_words import Form
from accounts.letters import fault_in
from assessments.forms.versions import UNREADABLE, SeenVersion


class SeenForm(Form):
    """Refuses characters that nobody sees at the field of each text; a password is nobody's business.

    Of a version that cannot be read the whole form says so: its field is hidden.
    """

    def full_clean(self) -> None:
        super().full_clean()
        for name, field in self.fields.items() if self.is_bound else ():
            text = self.cleaned_data.get(name)
            secret = isinstance(field.widget, forms.PasswordInput)
            if (
                isinstance(field, forms.CharField)
                and isinstance(text, str)
                and not secret
                and (fault := fault_in(text))
            ):
                self.add_error(name, fault)
            if isinstance(field, SeenVersion) and self.has_error(name):
                self.add_error(None, UNREADABLE)


class TakesProblems(SeenForm):
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
