"""Small parts of answers that several topics share."""

from rest_framework import serializers


class Named(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField(source="__str__")


class Person(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()


class Numbered(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    number = serializers.IntegerField()


class RiskSummary(serializers.Serializer):
    """Delay that the first option brings, by half-year, against what can be absorbed; computed with the full result."""

    p80 = serializers.ListField(child=serializers.FloatField(), help_text="months per half-year at the 80th percentile")
    capacity = serializers.FloatField(allow_null=True, help_text="months per half-year that can be absorbed")
    bucket_months = serializers.IntegerField()
    beyond = serializers.ListField(
        child=serializers.BooleanField(),
        required=False,
        help_text="of each half-year whether it is more likely than not beyond what can be absorbed, in months or MUSD",
    )
    first_breach = serializers.IntegerField(
        allow_null=True, help_text="first half-year, from 0, that is more likely than not beyond it"
    )


class Summary(serializers.Serializer):
    """The few figures of a shown result."""

    basis = serializers.CharField(help_text="facts or panel")
    verdict = serializers.CharField()
    option = serializers.CharField(source="option_key")
    option_name = serializers.CharField()
    runner_up_name = serializers.CharField()
    total = serializers.FloatField(allow_null=True, help_text="0 to 100")
    margin = serializers.FloatField(allow_null=True, help_text="points between the first two options")
    first_share = serializers.FloatField(allow_null=True, help_text="0 to 1")
    scenarios_kept = serializers.IntegerField(allow_null=True)
    scenarios_run = serializers.IntegerField(allow_null=True)
    conditions = serializers.IntegerField()
    blocked = serializers.ListField(child=serializers.CharField())
    risk = RiskSummary(allow_null=True)
    computed_at = serializers.DateTimeField()
