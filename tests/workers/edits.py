"""People who edit a review over HTTP at the same time, and the ledger of what they were told was saved."""

import itertools
import threading
import time
from dataclasses import dataclass, field

import httpx

from accounts import people
from accounts.models import MembershipFunction
from assessments.models import Job, Rating, RatingVersion, Review
from assessments.services import ratings, reconciling, rescore, reviews
from tests.factories import MembershipFactory
from tests.rights.world import World, make_world

FUNCTION = "qa"


def revealed_review(raters: int) -> tuple[World, list]:
    """A review that takes ratings in the open, rated at 3 by several people of one function; and those people."""
    world = make_world()
    lead = world.people["lead"].now()
    function = lead.organization.functions.get(key=FUNCTION)
    persons = [MembershipFactory(organization=lead.organization, with_roles=["assessor"]) for _ in range(raters)]
    for person in persons:
        MembershipFunction.objects.create(organization=lead.organization, membership=person, function=function)
    review = reviews.open_review(member=lead, program=world.program, question="Where should MSC-1 be made?")
    for person in persons:
        reviews.assign(member=lead, review_id=review.pk, membership=person, function=function)
    reviews.start(member=lead, review_id=review.pk)
    for person in persons:
        for criterion, option in ratings.unrated(review, review.assignments.get(membership=person)):
            ratings.rate(
                member=person, review_id=review.pk, criterion_key=criterion.key, option_key=option.key, score=3
            )
    reconciling.reveal(member=lead, review_id=review.pk, reason="Everyone has rated.")
    world.review = Review.objects.get(pk=review.pk)
    return world, persons


@dataclass
class Ledger:
    """What several people were told.

    saved      the version and score last acknowledged of each (membership id, criterion, option key)
    count      acknowledged writes
    refused    answers other than 2xx, and requests without an answer
    durations  seconds that each write took
    """

    saved: dict = field(default_factory=dict)
    count: int = 0
    refused: list = field(default_factory=list)
    durations: list = field(default_factory=list)

    def lost(self) -> int:
        """Acknowledged writes whose cell does not hold what was acknowledged last."""
        stored = {
            (rating.membership_id, rating.criterion, rating.option.key): (rating.version, rating.score)
            for rating in Rating.objects.select_related("option")
        }
        return sum(1 for cell, said in self.saved.items() if stored.get(cell) != said)

    def doubled(self, before: int) -> int:
        """Versions in the history beyond the `before` that stood there and the acknowledged writes."""
        return RatingVersion.objects.count() - before - self.count


def settled(review: Review) -> bool:
    """Whether the shown result, headline and full, is that of the latest inputs, and nothing more is owed."""
    target = f"review:{review.pk}"
    if Job.objects.filter(kind=Job.Kind.RESCORE, target=target).exclude(state=Job.State.DONE).exists():
        return False
    now = Review.objects.select_related("headline", "full").get(pk=review.pk)
    digest = rescore.read_inputs(target).problem.digest()
    return (
        now.headline_revision == now.full_revision == now.inputs_revision
        and now.headline.input_digest == now.full.input_digest == digest
    )


class Editors:
    """Threads that rate, each as one person, until told to stop or until each has written `most` times."""

    def __init__(self, address: str, world: World, persons: list, pause: float = 0.05):
        self.address, self.review, self.pause = address, world.review, pause
        self.ledger, self._lock, self._stop = Ledger(), threading.Lock(), threading.Event()
        self._tokens = {
            person.pk: people.issue_token(member=person, name="Ledger", scopes=("read", "write"))[1]
            for person in persons
        }
        self._cells = {
            person.pk: list(Rating.objects.filter(membership=person).values_list("criterion", "option__key", "version"))
            for person in persons
        }
        self._threads: list[threading.Thread] = []

    def start(self, most: int | None = None) -> None:
        self._threads = [threading.Thread(target=self._edit, args=(person, most)) for person in self._tokens]
        for thread in self._threads:
            thread.start()

    def finish(self) -> Ledger:
        self._stop.set()
        return self.wait()

    def wait(self) -> Ledger:
        for thread in self._threads:
            thread.join()
        return self.ledger

    def _edit(self, person: int, most: int | None) -> None:
        versions = {(criterion, option): version for criterion, option, version in self._cells[person]}
        turns = itertools.islice(itertools.cycle(self._turns(list(versions))), most)
        headers = {"Authorization": f"Bearer {self._tokens[person]}"}
        with httpx.Client(base_url=self.address, headers=headers, timeout=30) as client:
            for cell, score in turns:
                if self._stop.is_set():
                    return
                self._write(client, person, cell, score, versions)
                time.sleep(self.pause)

    @staticmethod
    def _turns(cells: list) -> list:
        """Every cell at every score, so that no write repeats the one before."""
        return [(cell, score) for score in (1, 5, 2, 4, 3) for cell in cells]

    def _write(self, client: httpx.Client, person: int, cell: tuple, score: int, versions: dict) -> None:
        criterion, option = cell
        given = {"criterion": criterion, "option": option, "score": score, "version": versions[cell]}
        at = time.monotonic()
        try:
            answer = client.put(f"/api/v1/reviews/{self.review.uuid}/ratings/", json={"ratings": [given]})
        except httpx.HTTPError as problem:
            with self._lock:
                self.ledger.refused.append(repr(problem))
            return
        with self._lock:
            self.ledger.durations.append(time.monotonic() - at)
            if answer.is_success:
                saved = answer.json()["ratings"][0]
                versions[cell] = saved["version"]
                self.ledger.saved[person, criterion, option] = (saved["version"], saved["score"])
                self.ledger.count += 1
            else:
                self.ledger.refused.append(f"{answer.status_code}: {answer.text[:300]}")
