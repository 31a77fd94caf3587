"""Compiled frameworks of criteria versions, kept per process while their content cannot change."""

from functools import lru_cache
from pathlib import Path

import yaml

from assessments.models import CriteriaVersion
from assessments.scoring.framework import Framework
from assessments.services.criteria import content_of

DEFAULT_FRAMEWORK = Path(__file__).resolve().parent.parent / "frameworks" / "msc_location.yaml"


@lru_cache(maxsize=32)
def _compiled(version_id: int, digest: str) -> Framework:
    return Framework.from_data(content_of(CriteriaVersion.objects.get(pk=version_id)))


def framework_of(version: CriteriaVersion) -> Framework:
    """The compiled framework of a version; a published one is compiled once per process (its digest is the key)."""
    if version.digest:
        return _compiled(version.pk, version.digest)
    return Framework.from_data(content_of(version))


def default_document() -> dict:
    """The framework that the product comes with, as a document."""
    return yaml.safe_load(DEFAULT_FRAMEWORK.read_text(encoding="utf-8"))
