"""Refusals of services beside the fields of a form."""

from django import forms

from assessments.errors import Invalid


def show(form: forms.Form, refusal: Invalid) -> None:
    """Put each problem beside its field, or above the form where it has no such field."""
    for problem in refusal.problems:
        form.add_error(problem["field"] if problem["field"] in form.fields else None, problem["message"])
