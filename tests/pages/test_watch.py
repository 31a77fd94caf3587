"""Pages of the watch: what a reader is shown, the next review with its cause, the list of conditions, its files."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEvent, Membership
from assessments.models import Condition, DecisionWatch, Evidence, Review, Tripwire
from tests.services.watched import SIGNED_ON, approved_world, at, save
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture
def world(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    at(monkeypatch, SIGNED_ON)
    world = afresh(approved_world)
    save(world, {"mix": {"wait": 12}})
    return world


def page_of(client, world, role, name, *args, **query):
    client.force_login(world.people[role].user)
    return client.get(reverse(f"assessments:{name}", args=args), query)


@pytest.mark.parametrize("name", ["review_approval", "review_brief"])
def test_the_decision_says_that_it_no_longer_holds_and_why(client, world, name):
    text = page_of(client, world, "viewer", name, world.review.uuid).content.decode()
    assert "No longer holds" in text and "Partner A now comes first, 25.0 points ahead of Suite." in text
    assert "Wait of Suite: 2 months when signed, now 12 months." in text
    assert "Open the next review" not in text, "that is the lead's"


def test_the_lead_opens_the_next_review_with_the_cause_written_in(client, world):
    text = page_of(client, world, "lead", "program_detail", world.program.uuid).content.decode()
    link = reverse("assessments:review_new", args=[world.program.uuid]) + f"?after={world.review.uuid}"
    assert link in text
    said = text.split("</nav>")[-1]
    assert said.count(f'href="{link}"') == 1 and "Open a review" not in said, "one button for one act"
    assert "The decision no longer holds. Open the next review; why is written into it." in said
    approval = page_of(client, world, "lead", "review_approval", world.review.uuid).content.decode()
    assert f'href="{link}"' in approval
    form = client.get(link).context["form"]
    cause = form["cause"].value()
    assert cause.startswith("The decision of Review 1 no longer holds: Partner A now comes first")
    given = {"question": form["question"].value(), "options": form["options"].value(), "cause": cause}
    client.post(link, given)
    review = Review.objects.get(number=2)
    assert review.cause == cause
    for name, subject in (("program_detail", world.program), ("review_approval", world.review)):
        assert link not in page_of(client, world, "lead", name, subject.uuid).content.decode(), "one is open already"
    assert cause.split(":")[0] in page_of(client, world, "lead", "review_setup", review.uuid).content.decode()


def test_its_first_reason_stands_whatever_tripwires_are_crossed_besides(client, world):
    wire = {"key": "w", "sentence": "Need is below 6 months", "now": "5 months", "owner": "", "commercial": False}
    DecisionWatch.objects.filter(review=world.review).update(fired=[wire])
    text = page_of(client, world, "viewer", "review_approval", world.review.uuid).content.decode()
    assert "Partner A now comes first, 25.0 points ahead of Suite." in text
    assert "Tripwire crossed." in text and "Need is below 6 months" in text


def test_who_watches_a_crossed_tripwire_and_is_gone_is_marked(client, world):
    owner = world.people["second"]
    wire = {"key": "w", "sentence": "Need is below 6 months", "now": "5 months", "owner": owner.name}
    DecisionWatch.objects.filter(review=world.review).update(fired=[wire | {"commercial": False}])
    Tripwire.objects.create(
        organization=owner.organization, review=world.review, key="w", field="need", comparison="lt", threshold=6,
        owner=owner,
    )  # fmt: skip
    said = "watched by " + owner.name
    for active, marked in ((True, False), (False, True)):
        Membership.objects.filter(pk=owner.pk).update(is_active=active)
        for name, subject in (("review_approval", world.review), ("program_detail", world.program)):
            text = page_of(client, world, "lead", name, subject.uuid).content.decode()
            assert said in text and (f"{said} (left)" in text) is marked


def test_the_portfolio_puts_it_first_and_filters_by_it(client, world):
    page = page_of(client, world, "viewer", "portfolio")
    assert "No longer holds" in page.content.decode()
    assert [
        row.program for row, *_ in page_of(client, world, "viewer", "portfolio", watch="holds").context["rows"]
    ] == []
    ((row, *_),) = page_of(client, world, "viewer", "portfolio", watch="no_longer_holds").context["rows"]
    assert row.watch.state == "no_longer_holds"
    assert (row.step, row.who) == ("Open the next review", world.people["lead"].name)


def test_a_condition_that_moved_meanwhile_is_told_and_what_was_typed_can_be_sent_again(client, world):
    row = Condition.objects.get(review=world.review)
    url = reverse("assessments:condition_detail", args=[row.uuid])
    client.force_login(world.people["rater"].user)
    first = {"version": row.version, "state": "done", "note": "Qualified."}
    assert client.post(url, first).status_code == 302
    late = client.post(url, first | {"note": "Typed on the phone", "file": SimpleUploadedFile("Q 118.pdf", PDF)})
    assert late.status_code == 409 and not Evidence.objects.exists()
    form = late.context["form"]
    assert "it is done" in str(form.non_field_errors()) and form["note"].value() == "Typed on the phone"
    assert form.errors["state"] == ["Choose what it is now."] and "again" in str(form.errors["file"])
    assert "not one of" not in late.content.decode()
    again = {"version": form["version"].value(), "state": "open", "note": form["note"].value()}
    assert client.post(url, again).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.note) == ("open", "Typed on the phone")


def test_no_select_of_the_list_of_conditions_is_left_bare(client, world):
    page = page_of(client, world, "viewer", "conditions").content.decode()
    assert page.count("<select") == page.count('class="form-select"') > 0


def test_the_owner_notes_a_condition_done_with_a_file_that_no_browser_runs(client, world):
    row = Condition.objects.get(review=world.review)
    url = reverse("assessments:condition_detail", args=[row.uuid])
    client.force_login(world.people["rater"].user)
    given = {"version": row.version, "state": "done", "note": "Qualified."}
    refused = client.post(url, given | {"file": SimpleUploadedFile("a.html", b"<script>")})
    assert refused.status_code == 422 and not Evidence.objects.exists()
    wordless = client.post(url, given | {"note": "", "file": SimpleUploadedFile("Q 118.pdf", PDF)})
    assert wordless.status_code == 422 and "Say what was done" in wordless.content.decode()
    assert "Choose the file again: it was not kept." in wordless.content.decode()
    assert client.post(url, given | {"file": SimpleUploadedFile("Q 118.pdf", PDF)}).status_code == 302
    kept = Evidence.objects.get()
    answer = page_of(client, world, "viewer", "evidence_file", kept.uuid)
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment") and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Type"] == "application/octet-stream"
    event = AuditEvent.objects.get(action="evidence.downloaded")
    assert (event.actor, event.new["sha256"]) == (world.people["viewer"], kept.sha256)
    assert page_of(client, world, "stranger", "evidence_file", kept.uuid).status_code == 404
    assert page_of(client, world, "stranger", "condition_detail", row.uuid).status_code == 404


def test_the_list_of_conditions_is_filtered_sorted_and_exported_in_a_fixed_number_of_queries(
    client, world, django_assert_max_num_queries
):
    Condition.objects.bulk_create(
        Condition(
            organization=world.program.organization,
            review=world.review,
            key=f"advised-{at}",
            title=f"=Audit {at:02}",
            owner=world.people["lead"],
            due_month=at,
        )
        for at in range(60)
    )
    client.force_login(world.people["viewer"].user)
    with django_assert_max_num_queries(20):
        page = client.get(reverse("assessments:conditions"), {"sort": "-title", "q": "audit"})
    assert page.context["page"].paginator.count == 60 and page.context["rows"][0][0].title == "=Audit 59"
    assert page_of(client, world, "lead", "conditions", mine="on").context["page"].paginator.count == 60
    assert page_of(client, world, "stranger", "conditions").context["page"].paginator.count == 0
    assert page_of(client, world, "viewer", "conditions", state="done").context["page"].paginator.count == 0
    text = page_of(client, world, "viewer", "conditions_export", q="audit").content.decode()
    assert text.count("\n") == 61 and "'=Audit 00" in text
    event = AuditEvent.objects.get(action="conditions.exported")
    assert (event.actor, event.new) == (world.people["viewer"], {"conditions": 60, "filter": {"q": "audit"}})


def test_evidence_is_attached_and_removed_on_the_conditions_page_and_a_refusal_stands_beside_its_field(client, world):
    row = Condition.objects.get(review=world.review)
    attach = reverse("assessments:evidence_attach", args=[row.uuid])
    client.force_login(world.people["rater"].user)
    refused = client.post(attach, {"url": "ftp://files.example.org", "title": "Audit"})
    assert refused.status_code == 422 and refused.context["evidence_form"].errors["url"]
    assert refused.context["evidence_form"]["title"].value() == "Audit" and not Evidence.objects.exists()
    assert client.post(attach, {"title": "Audit"}).context["evidence_form"].errors["file"]
    link = {"url": "https://example.org/audit", "dated": "0001-01-01", "valid_until": "9999-12-31"}
    said = client.post(attach, link).context["evidence_form"].errors
    assert said["dated"] == said["valid_until"] == ["Give a date from 1990 to 2100, such as 2026-05-31."]
    ahead = client.post(attach, link | {"dated": "2099-01-01", "valid_until": "2099-12-31"}).context["evidence_form"]
    assert [*ahead.errors] == ["dated"] and ahead["dated"].value() == "2099-01-01"
    assert not Evidence.objects.exists()
    Review.objects.filter(pk=row.review_id).update(state="superseded")
    late = client.post(attach, {"url": "https://example.org/audit", "title": "Audit"})
    assert late.status_code == 404 and not Evidence.objects.exists()
    Review.objects.filter(pk=row.review_id).update(state="approved")
    assert client.post(attach, {"url": "https://example.org/audit", "title": "Audit"}).status_code == 302
    kept = Evidence.objects.get()
    remove = reverse("assessments:evidence_remove", args=[kept.uuid])
    assert client.post(remove, {"reason": ""}).status_code == 422
    assert client.post(remove, {"reason": "The wrong site."}).status_code == 302
    assert client.post(remove, {"reason": "Once more."}).status_code == 404
    assert "Audit" not in [
        one.title
        for one, *_ in client.get(reverse("assessments:condition_detail", args=[row.uuid])).context["evidence"]
    ]
