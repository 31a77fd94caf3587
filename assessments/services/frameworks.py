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


def previous_of(version: CriteriaVersion) -> CriteriaVersion | None:
    """The version of the same set that was published last before this one was; of a draft, and of the first, none.

    What was published never changes, so it is the same one for ever.
    """
    if version.published_at is None:
        return None
    earlier = CriteriaVersion.objects.filter(
        criteria_set_id=version.criteria_set_id, number__lt=version.number, published_at__lte=version.published_at
    )
    return earlier.order_by("-published_at", "-number").first()


def default_document() -> dict:
    """The framework that the product comes with, as a document."""
    return yaml.safe_load(DEFAULT_FRAMEWORK.read_text(encoding="utf-8"))
