"""What requests may contain: named fields of the right type, and ids of what the caller may see."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core import validators
from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.letters import fault_in

LARGEST_NUMBER = 2**53
MOST_NODES = 100_000
DEEPEST = 60


# What is said of a field beside its name, by the library's code for it.
WORDS = {
    "required": "This is missing: send it.",
    "null": "This is null: send a value.",
    "blank": "This is empty: write something.",
    "empty": "This is empty: send at least one.",
    "not_a_list": "This takes a list.",
    "max_digits": "This takes at most {max_digits} digits.",
    "max_decimal_places": "This takes at most {max_decimal_places} digits behind the point.",
    "max_whole_digits": "This takes at most {max_whole_digits} digits before the point.",
    "max_string_length": "This number is too long.",
}
INVALID = {
    serializers.DateField: "This takes a day, as YYYY-MM-DD.",
    serializers.DecimalField: "This takes a number.",
    serializers.FileField: "This takes a file, sent as multipart/form-data.",
    serializers.FloatField: "This takes a number.",
    serializers.UUIDField: "This takes an id.",
}
LIMITS = {
    validators.MaxValueValidator: "This takes at most {}.",
    validators.MinValueValidator: "This takes at least {}.",
    validators.MaxLengthValidator: "This takes at most {:,} {}.",
    validators.MinLengthValidator: "This takes at least {:,} {}.",
}


class Input(serializers.Serializer):
    """A body. A field that it does not name is refused, so that nothing can be set by guessing; what is wrong with one is
    said in the product's words."""

    default_error_messages = {"invalid": "This takes an object of names and values."}

    def get_fields(self):
        found = super().get_fields()
        for field in found.values():
            _speak_plainly(field)
        return found

    def to_internal_value(self, data):
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                words = f"Unknown field; this request takes {', '.join(known)}."
                raise serializers.ValidationError({name: [words] for name in unknown})
        return super().to_internal_value(data)


def _speak_plainly(field: serializers.Field) -> None:
    """Put the product's words in place of the library's, in the field and in what a list holds."""
    words: dict[str, Any] = {code: WORDS.get(code, said) for code, said in field.error_messages.items()}
    for kind, said in INVALID.items():
        if isinstance(field, kind):
            words["invalid"] = said
    if isinstance(field, serializers.ChoiceField):
        words["invalid_choice"] = f"This takes one of {', '.join(map(str, field.choices))}."
    field.error_messages = words
    is_list = isinstance(field, serializers.ListField | serializers.ListSerializer)
    for check in field.validators:
        if isinstance(check, validators.BaseValidator) and type(check) in LIMITS:
            check.message = LIMITS[type(check)].format(check.limit_value, _counted(check.limit_value, is_list))
    if (child := getattr(field, "child", None)) is not None:
        _speak_plainly(child)


def _counted(limit: Any, is_list: bool) -> str:
    if is_list:
        return "entry" if limit == 1 else "entries"
    return "character" if limit == 1 else "characters"


class Text(serializers.CharField):
    """A string; a number is not one."""

    def to_internal_value(self, data):
        if not isinstance(data, str):
            raise serializers.ValidationError("This takes a text.")
        if any("\ud800" <= letter <= "\udfff" for letter in data):
            raise serializers.ValidationError("The text has letters that cannot be stored.")
        if fault := fault_in(data):
            raise serializers.ValidationError(fault)
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number; "3", 3.5 and true are none."""

    def to_internal_value(self, data):
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This takes a whole number.")
        return super().to_internal_value(data)


class YesNo(serializers.BooleanField):
    """true or false, as JSON has them."""

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            raise serializers.ValidationError("This is true or false.")
        return data


class VisibleId(serializers.UUIDField):
    """The id of something that the caller may see; any other is refused in the same words, existing or not."""

    def __init__(self, find: Callable[..., QuerySet], **options):
        self.find = find
        super().__init__(**options)

    def to_internal_value(self, data) -> Model:
        if not isinstance(data, str):
            raise serializers.ValidationError("This takes an id.")
        uuid = super().to_internal_value(data)
        found = self.find(self.context["request"].member).filter(uuid=uuid).first()
        if found is None:
            raise serializers.ValidationError("There is nothing with this id that you may see.")
        return found


@extend_schema_field(OpenApiTypes.OBJECT)
class Document(serializers.DictField):
    """A JSON object of any keys, of a size that can be stored."""

    def to_internal_value(self, data):
        if not isinstance(data, dict):
            raise serializers.ValidationError("This takes an object of names and values.")
        check_storable(data)
        return data


@extend_schema_field(OpenApiTypes.ANY)
class Anything(serializers.Field):
    """Any JSON value that can be stored."""

    def to_internal_value(self, data):
        check_storable(data)
        return data

    def to_representation(self, value):
        return value


def check_storable(data) -> None:
    """Raises ValidationError for what PostgreSQL's jsonb cannot hold or what is out of all proportion."""
    waiting, nodes = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if nodes > MOST_NODES or depth > DEEPEST:
            raise serializers.ValidationError("The document is too large or nested too deeply.")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, str):
            if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                raise serializers.ValidationError("The document has letters that cannot be stored.")
        elif isinstance(value, int | float) and abs(value) > LARGEST_NUMBER:
            raise serializers.ValidationError("The document has a number that is out of all proportion.")
