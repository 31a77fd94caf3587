"""What the machine owes, visible to whoever may see what it is owed for."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView
from assessments.models import Job, Program, Report, Review

TARGETS = {"program": Program, "review": Review, "report": Report}


class TargetOut(serializers.Serializer):
    type = serializers.ChoiceField(choices=sorted(TARGETS))
    id = serializers.UUIDField()


class JobOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    progress = serializers.IntegerField(help_text="percent")
    step = serializers.CharField()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    queued_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    target = TargetOut()


class JobDetail(ApiView):
    serializer_class = JobOut

    @extend_schema(summary="One job: its state, progress and cause of failure", tags=["jobs"])
    def get(self, request, id):
        job = self.find(Job.objects.filter(organization_id=self.member.organization_id), uuid=id)
        kind, _, number = job.target.partition(":")
        if kind not in TARGETS:
            raise Http404
        target = self.find(TARGETS[kind].objects.visible_to(self.member), pk=number)
        permissions.can_follow_job(target).require()
        job.target = {"type": kind, "id": target.uuid}
        return Response(JobOut(job).data)
