"""Every GET address of the API, with the ids of everything that there is."""

from django.urls import reverse

from accounts.models import Membership, Notification
from assessments.api import urls
from assessments.models import (
    AgreedValue,
    Condition,
    CriteriaVersion,
    Evidence,
    Job,
    ProfileRevision,
    Program,
    Report,
    Review,
    Submission,
)

# What the ids of an address are ids of, by its first part.
OF = {
    "programs": Program,
    "revisions": ProfileRevision,
    "reviews": Review,
    "agreed-values": AgreedValue,
    "criteria-versions": CriteriaVersion,
    "submissions": Submission,
    "reports": Report,
    "conditions": Condition,
    "evidence": Evidence,
    "jobs": Job,
    "notifications": Notification,
}


def views():
    """{route name: view class} of the endpoints; the documentation page is no endpoint."""
    return {pattern.name: pattern.callback.cls for pattern in urls.urlpatterns if hasattr(pattern.callback, "cls")}


def addresses():
    """(route, address) of every GET endpoint and every id."""
    for pattern in urls.urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if view is None or not hasattr(view, "get"):
            continue
        first = str(pattern.pattern).partition("/")[0]
        wanted = pattern.pattern.converters
        if not wanted:
            yield pattern.name, reverse(f"api:{pattern.name}")
            continue
        ids = OF[first].objects.values_list("uuid", flat=True)
        for uuid in ids:
            if "person" in wanted:
                for person in Membership.objects.values_list("uuid", flat=True):
                    yield pattern.name, reverse(f"api:{pattern.name}", kwargs={"id": uuid, "person": person})
            else:
                yield pattern.name, reverse(f"api:{pattern.name}", kwargs={"id": uuid})


def text_of_everything(caller) -> dict[str, str]:
    """{address: body} of every answer that the caller gets; a list in pages is read in one large page."""
    found = {}
    for name, address in addresses():
        answer = caller.get(address + ("?page_size=200" if name != "schema" else ""))
        assert answer.status_code in (200, 403, 404), (address, answer.status_code, answer.content[:300])
        body = answer.getvalue() if answer.streaming else answer.content
        found[address] = body.decode("utf-8", "replace") if answer.status_code == 200 else ""
    return found
