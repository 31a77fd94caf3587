"""What is wrong with a field of a form, in the product's own words: which field it is, and the way out."""

from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.forms import fields, models

from accounts.letters import fault_in

# Labels that are the name of what is entered or chosen; the others are questions or sentences, and are quoted.
NAMES = frozenset(
    "agreed value|answer|code|comparison|criteria|current password|due month|e-mail|email|fact|first day|kind|last day|lead|"
    "name|new password|option|owner|password|person|question|reason|threshold|time zone|title".split("|")
)
PLURAL = frozenset({"criteria"})


def _messages_of(module: Any, base: type) -> list[Any]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return [words for kind in kinds for words in getattr(kind, "default_error_messages", {}).values()] + [
        kind.message for kind in kinds if hasattr(kind, "message")
    ]


# Many are translated only when they are shown and cannot be compared before: told apart as objects.
STOCK = frozenset(
    id(words)
    for words in [
        *_messages_of(fields, forms.Field),
        *_messages_of(models, forms.Field),
        *_messages_of(validators, object),
    ]
)


class OwnWords(forms.BaseForm):
    """A form that says Django's own refusals in the product's words; words that a field was given stay."""

    def add_error(self, field: str | None, error: Any) -> None:
        if field is not None and isinstance(error, ValidationError) and not hasattr(error, "error_dict"):
            said = [_said(self[field], one) for one in error.error_list]
            error = ValidationError(list({str(one.message): one for one in said}.values()))
        super().add_error(field, error)


class Form(OwnWords, forms.Form):
    pass


def _said(bound: forms.BoundField, error: ValidationError) -> ValidationError:
    if id(error.message) not in STOCK:
        return error
    words = words_for(bound, error.code or "", error.params or {})
    return ValidationError(words, code=error.code) if words else error


def words_for(bound: forms.BoundField, code: str, params: dict[str, Any]) -> str:
    """What is said of a field that Django refuses for the reason `code`; empty where its own words have to do."""
    field, label = bound.field, str(bound.label)
    if bound.is_hidden:
        return f"The page did not send “{label}” as it should: open it again."
    if code == "required":
        return _ask_for(field, label)
    if code in ("invalid_choice", "invalid_list", "invalid_pk_value"):
        return f"What was chosen under “{label}” is not offered now: choose again."
    if code == "null_characters_not_allowed":
        return fault_in(str(params.get("value", ""))) or ""
    if code in ("max_length", "min_length") and "limit_value" in params:
        limits = {"max_length": "at most", "min_length": "at least"}
        taken = f"{limits[code]} {params['limit_value']:,}"
        return f"“{label}” has {params['show_value']:,} characters; it takes {taken}."
    if isinstance(field, forms.FileField):
        return {"empty": "The file is empty: choose another."}.get(code, "No file came: choose it again.")
    if isinstance(field, forms.IntegerField):
        return f"“{label}” is {_number(field)}."
    if isinstance(field, forms.DateField) and code == "invalid":
        return f"“{label}” is a day, such as 2026-11-30."
    if isinstance(field, forms.EmailField) and code == "invalid":
        return "This is no e-mail address: one reads like ana@example.org."
    return ""


def _ask_for(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.FileField):
        return "Choose a file."
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return f"Choose at least one under “{label}”."
    chosen = isinstance(field, forms.ChoiceField) or isinstance(field.widget, forms.Select | forms.RadioSelect)
    if label.startswith(("Your ", "The ")):
        named = label[0].lower() + label[1:]
    elif label.lower() in NAMES:
        name = label.lower()
        named = name if name in PLURAL else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    else:
        return f"Choose one under “{label}”." if chosen else f"Fill in “{label}”."
    return f"{'Choose' if chosen else 'Enter'} {named}."


def _number(field: forms.IntegerField) -> str:
    """ "a whole number from 1 to 365"."""
    kind = "a number" if isinstance(field, forms.FloatField | forms.DecimalField) else "a whole number"
    low, high = field.min_value, field.max_value
    if low is not None and high is not None:
        return f"{kind} from {low:,} to {high:,}"
    if low is not None:
        return f"{kind} of at least {low:,}"
    return f"{kind} of at most {high:,}" if high is not None else kind
