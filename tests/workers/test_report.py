"""A real worker makes the file: whole or not at all, whatever becomes of the worker or the disk."""

import hashlib

import pytest

from assessments.models import Job, Report
from assessments.services import reconciling, reports
from tests.services import scene as scenes
from tests.support.work import work_off

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def media(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    return settings.MEDIA_ROOT


@pytest.fixture
def report(broker, media) -> Report:
    """Asked for, with no worker yet."""
    scene = scenes.make_scene(cem="cmc", quin="qa")
    scenes.start_scoring(scene)
    scene.rate("cem", 2)
    scene.rate("quin", 5)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    work_off()
    return reports.ask_for_report(member=scene.lead, review_id=scene.review.pk)


def stored(media):
    return sorted(path for path in media.rglob("*") if path.is_file())


def is_made(report):
    return Report.objects.filter(pk=report.pk, made_at__isnull=False).exists()


def whole(report, media):
    report.refresh_from_db()
    (path,) = stored(media)
    data = path.read_bytes()
    assert path == media / report.path and data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    assert hashlib.sha256(data).hexdigest() == report.sha256


def test_a_worker_makes_the_file(report, media, start_worker, wait_for):
    start_worker()
    wait_for(lambda: is_made(report))
    whole(report, media)


def test_a_worker_killed_while_it_stores_leaves_no_half_file(report, media, start_worker, wait_for, monkeypatch):
    monkeypatch.setenv("STORING_TAKES", "60")
    first = start_worker()
    wait_for(lambda: any(path.suffix == ".part" for path in stored(media)))
    first.kill()
    assert [path for path in stored(media) if path.suffix == ".pdf"] == [] and not is_made(report)
    monkeypatch.delenv("STORING_TAKES")
    start_worker()
    wait_for(lambda: is_made(report), seconds=75)
    whole(report, media)
    assert Job.objects.get(target=f"report:{report.pk}").state == "done"


def test_a_disk_that_is_full_is_named_and_the_file_is_made_once_there_is_room(
    report, media, start_worker, wait_for, monkeypatch
):
    monkeypatch.setenv("FILES_UP_TO_BYTES", "8000")
    first = start_worker()
    job = Job.objects.filter(target=f"report:{report.pk}")
    wait_for(lambda: job.exclude(error="").exists())
    assert job.get().error.startswith("The file could not be stored: the file would be larger than")
    assert stored(media) == [] and not is_made(report)
    first.kill()
    monkeypatch.delenv("FILES_UP_TO_BYTES")
    start_worker()
    reports.retry(member=report.asked_by, report=report)
    wait_for(lambda: is_made(report), seconds=60)
    whole(report, media)
