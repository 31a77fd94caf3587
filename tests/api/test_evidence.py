"""Evidence of a condition by the API: files as forms, links as JSON, and that a form that is sent twice is kept once."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart

from accounts.models import AuditEvent, IdempotencyKey
from assessments.models import Evidence, Program
from assessments.services.evidence import MOST_BYTES
from tests.rights.rows_conditions import condition

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"


@pytest.fixture
def place(world, review_in, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    review_in("approved")
    world.more["condition"] = condition(world)
    return f"/api/v1/conditions/{world.more['condition'].uuid}/evidence/"


def send(caller, place, *, boundary="one", key=None, name="Q-118.pdf", data=PDF, **fields):
    body = encode_multipart(boundary, fields | {"file": SimpleUploadedFile(name, data)})
    headers = {"Authorization": f"Bearer {caller.secret}"} | ({"Idempotency-Key": key} if key else {})
    return caller.client.post(place, body, content_type=f"multipart/form-data; boundary={boundary}", headers=headers)


def test_a_file_is_attached_once_however_often_its_form_is_sent(world, place, caller, tmp_path):
    owner = caller("rater")
    first = send(owner, place, key="k-1", title="Report", dated="2026-01-05", valid_until="2026-02-01")
    again = send(owner, place, key="k-1", title="Report", dated="2026-01-05", valid_until="2026-02-01", boundary="two")
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.content == first.content
    for changed in ({"data": PDF + b"!"}, {"name": "Q-119.pdf"}, {"title": "Another"}):
        given = {"title": "Report", "dated": "2026-01-05", "valid_until": "2026-02-01"} | changed
        other = send(owner, place, key="k-1", **given)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Evidence.objects.count() == len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    (listed,) = caller("viewer").get(place).json()["results"]
    assert listed == first.json() and listed["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (listed["title"], listed["valid_until"], listed["expired"]) == ("Report", "2026-02-01", True)
    event = AuditEvent.objects.get(action="evidence.added")
    assert (event.channel, event.actor) == ("api", world.people["rater"])
    file = caller("viewer").get(f"evidence/{listed['id']}/file/")
    assert file.content == PDF and file.headers["Content-Disposition"] == 'attachment; filename="Q-118.pdf"'
    assert AuditEvent.objects.filter(action="evidence.downloaded", actor=world.people["viewer"]).count() == 1
    for path in (place, f"evidence/{listed['id']}/file/"):
        assert caller("stranger").get(path).status_code == caller("nobody").get(path).status_code == 404
        Program.objects.update(restricted=True)
        assert caller("viewer").get(path).status_code == 404 and caller("lead").get(path).status_code == 200
        Program.objects.update(restricted=False)
    for role, status in (("viewer", 403), ("stranger", 404)):
        assert caller(role).post(f"evidence/{listed['id']}/remove/", {"reason": "Why not."}).status_code == status
    assert owner.post(f"evidence/{listed['id']}/remove/", {}).json()["problems"][0]["field"] == "reason"
    assert owner.post(f"evidence/{listed['id']}/remove/", {"reason": "Wrong lot."}).status_code == 200
    assert owner.get(place).json()["results"] == []
    assert caller("viewer").get(f"evidence/{listed['id']}/file/").status_code == 404


def test_what_is_refused_leaves_no_file_no_row_and_no_key(world, place, caller, tmp_path):
    owner, link = caller("rater"), {"url": "https://example.org/audit"}
    for answer, status, said in (
        (send(owner, place, name="a.pdf", data=b"<html>", key="a"), 400, "not what its name"),
        (send(owner, place, name="a.html", data=b"<html>"), 400, "A file is one of"),
        (send(owner, place, name="a.txt", data=b""), 400, "empty"),
        (send(owner, place, name="a.txt", data=b"x" * (MOST_BYTES + 1), key="b"), 400, "at most 20 MB"),
        (send(owner, place, name="a.txt", data=b"x" * (MOST_BYTES + 2 * 1024 * 1024), key="c"), 413, "at most 21 MB"),
        (send(owner, place, url="https://example.org/a"), 400, "one of the two"),
        (send(owner, place, dated="2026-02-02", valid_until="2026-02-01"), 400, "before its own date"),
        (send(owner, place, dated="tomorrow"), 400, "dated"),
        (send(owner, place, dated="2099-01-01", key="g"), 400, "today's or an earlier one"),
        (send(owner, place, dated="0001-01-01", valid_until="0001-01-02"), 400, "from 1990 to 2100"),
        (owner.post(place, link | {"valid_until": "9999-12-31"}), 400, "from 1990 to 2100"),
        (send(owner, place, path="evidence/1/a"), 400, "Unknown field"),
        (send(caller("viewer"), place, key="d"), 403, "Only the owner"),
        (send(caller("stranger"), place, key="e"), 404, "nothing here"),
        (owner.post(place, {}), 400, "one of the two"),
        (owner.post(place, {"file": "a.pdf"}), 400, "takes a file"),
        (owner.post(place, link | {"title": "x" * 6 * 1024 * 1024}, Idempotency_Key="f"), 413, "large"),
        (owner.post(place, link | {"title": "x" * 6 * 1024 * 1024}), 413, "large"),
        (owner.client.post(place, b"x", "text/plain", headers={"Authorization": f"Bearer {owner.secret}"}), 415, "media"),
    ):  # fmt: skip
        assert answer.status_code == status and said in answer.json()["detail"], (said, answer.content[:300])
    assert not Evidence.objects.exists() and not IdempotencyKey.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert owner.post(place, link).status_code == 201


def test_bytes_that_are_no_text_are_refused_beside_a_file_and_any_bytes_are_taken_in_it(world, place, caller):
    owner = caller("rater")
    assert send(owner, place, title="Prüfbericht \ufffd", data=PDF + b"\xed\xa0\x80").status_code == 201
    assert Evidence.objects.get().title == "Prüfbericht \ufffd"
    body = encode_multipart("one", {"title": "Prüfbericht", "file": SimpleUploadedFile("b.pdf", PDF)})
    body = body.replace("Prüfbericht".encode(), b"Pr\xfcfbericht")
    kind, headers = "multipart/form-data; boundary=one", {"Authorization": f"Bearer {owner.secret}"}
    refused = owner.client.post(place, body, content_type=kind, headers=headers)
    assert refused.status_code == 400 and "after “Pr” is no text" in refused.json()["detail"]
    assert Evidence.objects.count() == 1
