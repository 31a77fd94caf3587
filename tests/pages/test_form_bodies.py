"""A form is UTF-8: what is not is refused before anything of it is kept, and never becomes U+FFFD."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Evidence
from tests.pages.test_approval import text_of
from tests.services.test_condition_states import PDF, approved_world
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
HALF = b"\xed\xa0\x80"

begun, world = shared(approved_world)


@pytest.fixture(autouse=True)
def _a_folder_for_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def client(world):
    client = Client()
    client.force_login(User.objects.get(pk=world.people["rater"].user_id), backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.fixture
def row(world):
    return world.review.conditions.get()


def place(row, name="condition_detail"):
    return reverse(f"assessments:{name}", args=[row.uuid])


def parts(**values):
    """A multipart body of these raw values."""
    lines = [
        b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in values.items()
    ]
    return b"".join(lines) + b"--edge--\r\n"


@pytest.mark.parametrize("spelled", [b"%ED%A0%80", HALF, b"%ff", b"\xff", b"%C3"], ids=str)
def test_bytes_that_are_no_text_are_refused_in_a_form_with_the_name_of_the_field(client, row, spelled):
    body = b"version=1&state=done&note=The+assay+" + spelled + b"&url="
    answer = client.post(place(row), body, content_type=FORM)
    assert answer.status_code == 400 and "What came in the field “note” is no text" in text_of(answer)
    assert answer.headers["X-Request-ID"] and answer.headers["Content-Security-Policy"]
    row.refresh_from_db()
    assert (row.state, row.note) == ("open", "")


@pytest.mark.parametrize("bad", [HALF, b"\xff", b"caf\xe9"], ids=str)
def test_bytes_that_are_no_text_are_refused_in_the_text_of_a_form_with_a_file(client, row, bad):
    body = parts(version=b"1", state=b"done", note=b"The assay " + bad)
    answer = client.post(place(row), body, content_type="multipart/form-data; boundary=edge")
    assert answer.status_code == 400 and "What came in this form after “The assay" in text_of(answer)
    row.refresh_from_db()
    assert (row.state, row.note) == ("open", "")


def test_a_file_may_hold_any_bytes_and_text_any_letters(client, row):
    note = "Geprüft: 細胞 😀 \ufffd"
    content = PDF + HALF + b"\xff\x00"
    given = {"version": "1", "state": "done", "note": note, "title": "Prüfbericht"}
    answer = client.post(place(row), given | {"file": SimpleUploadedFile("Maß-細胞.pdf", content, "application/pdf")})
    assert answer.status_code == 302, text_of(answer)
    row.refresh_from_db()
    found = Evidence.objects.get()
    assert (row.note, found.title, found.filename) == (note, "Prüfbericht", "Maß-細胞.pdf")
    assert found.size == len(content)
    url = reverse("assessments:condition_detail", args=[row.uuid])
    answer = client.post(url, {"version": "2", "state": "open", "note": note})
    assert answer.status_code == 302
    body = f"version=3&state=done&note={note}".encode()
    assert client.post(url, body, content_type=FORM).status_code == 302
