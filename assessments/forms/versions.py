"""The version of what a page shows, as the page sends it back."""

from typing import Any

from django import forms

from assessments.forms.whole_numbers import whole_number

UNREADABLE = (
    "Which version this page showed could not be read, so nothing was taken. What you typed is still here: compare it with what "
    "stands now, and send it again."
)

UNREADABLE_OF_BUTTON = (
    "Which version this page showed could not be read, so nothing was changed. Look at what stands now, and try again."
)


class SeenVersion(forms.IntegerField):
    """A version beside what was typed. One that cannot be read is not shown again: the page shows what there is now, and
    that version (`initial`) stands in its place."""

    widget = forms.HiddenInput
    default_error_messages = {"invalid": UNREADABLE, "required": UNREADABLE}

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        number = whole_number(str(value))
        if number is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return number

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if whole_number(str(data)) is None else data
