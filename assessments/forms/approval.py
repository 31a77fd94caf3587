"""What is typed on the approval pages: the proposal, conditions, the signature, reasons."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms

from accounts import proof
from accounts.models import Membership
from assessments.forms.routes import stand_in_field
from assessments.forms.taking import SeenForm
from assessments.forms.versions import SeenVersion
from assessments.models import ProposedDecision, Review, StepReassignment, seeing_to
from assessments.services import conditions, places, proposals, questions, submissions
from assessments.services.owning import LAST_MONTH
from assessments.services.routes import Place, Planned
from assessments.services.signing import Capacity

Kind = ProposedDecision.Kind
NOT_YET = f"{Kind.NOT_YET}:"
SIGNS = "signs-"  # begins the name of each field that says who takes a place of the route


def people_of(review: Review) -> list[Membership]:
    """Who may own a condition or a tripwire of the review."""
    people = seeing_to.able(review.program)
    return list(people.select_related("user").prefetch_related("function_links__function"))


def owner_choices(people: Iterable[Membership], function_key: str) -> list:
    """People who speak for the function first, then everyone else; values are uuids."""
    first: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for person in people:
        functions = ", ".join(function.name for function in person.functions)
        entry = (str(person.uuid), f"{person.name} ({functions})" if functions else person.name)
        (first if function_key in person.function_keys else others).append(entry)
    groups = [("Of the function that owns it", first)] if first else []
    return [("", "Choose a person"), *groups, *([("Everyone else" if first else "People", others)] if others else [])]


def owner_field(people: Iterable[Membership], function_key: str, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label="Owner", choices=owner_choices(people, function_key), **options)


def month_field(**options: Any) -> forms.IntegerField:
    words = month_words("A due month")
    return forms.IntegerField(label="Due month", min_value=0, max_value=LAST_MONTH, error_messages=words, **options)


def month_words(what: str) -> dict[str, str]:
    """What is said of a month that is none or lies too far away, by the error's code."""
    return dict.fromkeys(("invalid", "min_value", "max_value"), f"{what} is a whole number from 0 to {LAST_MONTH}.")


class ConditionForm(SeenForm):
    """Who sees to a condition and by when; `function_key` says whose people come first."""

    version = SeenVersion()

    def __init__(self, *args: Any, people: Iterable[Membership], function_key: str = "", **options: Any):
        super().__init__(*args, **options)
        self.fields["owner"] = owner_field(people, function_key)
        self.fields["due_month"] = month_field()


class AdvisedForm(SeenForm):
    """A condition that no gate demands."""

    title = forms.CharField(label="What has to be done", max_length=250)
    because = forms.CharField(
        label="Why", required=False, widget=forms.Textarea({"rows": 2}), max_length=conditions.LONGEST_BECAUSE
    )

    def __init__(self, *args: Any, people: Iterable[Membership], **options: Any):
        super().__init__(*args, **options)
        self.fields["owner"] = owner_field(people, "")
        self.fields["due_month"] = month_field()


class ChoiceOfOptions(forms.RadioSelect):
    """Radio buttons; those of blocked options say so, so that the page asks for reasons only when one is chosen."""

    blocked: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        made = super().create_option(name, value, *args, **options)
        if value in self.blocked:
            made["attrs"]["data-blocked"] = True
        return made


class ProposalForm(SeenForm):
    """What is proposed: one choice, its reasons, and a reason for each gate that a blocked option sets aside."""

    justification = forms.CharField(
        label="Why, in the words that the signers read",
        widget=forms.Textarea({"rows": 5}),
        max_length=proposals.LONGEST_TEXT,
    )

    def __init__(self, *args: Any, numbers: Mapping[str, Any], **options: Any):
        super().__init__(*args, **options)
        self.numbers = numbers
        choice = forms.ChoiceField(
            label="Proposed",
            widget=ChoiceOfOptions,
            choices=choices_of(numbers),
            error_messages={"invalid_choice": "The result says something else by now: choose again."},
        )
        choice.widget.blocked = frozenset(
            f"{Kind.ALTERNATIVE}:{option['key']}"
            for option in numbers["options"]
            if proposals.blocking(numbers, option["key"])
        )
        self.fields = {"choice": choice} | self.fields
        for gate, names in blocking_gates(numbers).items():
            self.fields[f"override-{gate}"] = forms.CharField(
                label=f"{names['name']} ({gate}) blocks {', '.join(names['options'])}. Why it is set aside",
                required=False,
                widget=forms.Textarea({"rows": 2}),
                max_length=proposals.LONGEST_REASON,
            )

    @property
    def overrides(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("override-")]

    def proposed(self) -> dict[str, Any]:
        """What submit and amend take. Reasons for gates that the choice does not meet are left out."""
        kind, _, option_key = self.cleaned_data.get("choice", "").partition(":")
        stopped = {gate["gate"] for gate in proposals.blocking(self.numbers, option_key)}
        return {
            "kind": kind,
            "option_key": option_key,
            "justification": self.cleaned_data.get("justification", ""),
            "overrides": {gate: self.cleaned_data.get(f"override-{gate}", "") for gate in stopped},
        }

    def take(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """Put the problems that a service found beside their fields."""
        for entry in problems:
            self.add_error(self.place_of(entry), entry["message"])

    def place_of(self, entry: Mapping[str, Any]) -> str | None:
        """The field that a problem belongs to; None: the whole form."""
        names = {"kind": "choice", "option": "choice", "overrides": f"override-{entry['option']}"}
        name = names.get(entry["field"], entry["field"])
        return name if name in self.fields else None


def taken_so_far(
    route: Iterable[Planned],
    people: Iterable[Membership],
    before: Iterable[StepReassignment],
    typed: Mapping[str, str] | None,
) -> list[dict[str, Any]]:
    """Who is named in the fields of places, or stands in them before anything is typed; as `places.take_places` reads it."""
    by_uuid = {str(person.uuid): person for person in people}
    former = {(row.step.key, row.in_place_of): str(row.membership.uuid) for row in before}
    found = []
    for step in route:
        for at, place in enumerate(step.places):
            named = former.get((step.key, place.words)) if typed is None else typed.get(f"{SIGNS}{step.key}-{at}")
            if named in by_uuid:
                found.append({"step": step.key, "place": place.key, "person": by_uuid[named]})
    return found


class SubmitForm(ProposalForm):
    """The lead's proposal. `seen_result` is the result that they looked at."""

    missing_reason = forms.CharField(
        label="Why it is submitted although ratings are missing",
        required=False,
        widget=forms.Textarea({"rows": 2}),
        max_length=proposals.LONGEST_REASON,
    )
    version = SeenVersion()
    seen_result = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        question: Any = None,
        returned: bool = False,
        route: Iterable[Planned] = (),
        people: Iterable[Membership] = (),
        able: Mapping[str, Iterable[Membership]] | None = None,
        before: Iterable[StepReassignment] = (),
        stuck: Collection[str] = (),
        **options: Any,
    ):
        """
        question, returned  what waits for an answer; at most one of the two
        route, people  where somebody may have to take a place: the steps, and everybody who has a role
        able           by the step's key: those who can take a place of it
        before         who took places of a former submission: offered again
        stuck          the places (`places.option_of`) that can be given away; of another one the service says why not
        """
        super().__init__(*args, **options)
        if question is not None or returned:
            self.fields["answer"] = forms.CharField(
                label="What was done about it" if returned else "Your answer",
                widget=forms.Textarea({"rows": 4}),
                max_length=questions.LONGEST_ANSWER,
            )
        self.people = {str(person.uuid): person for person in people}
        self.places = [
            (step, place, f"{SIGNS}{step.key}-{at}", f"why-{step.key}-{at}")
            for step in route
            for at, place in enumerate(step.places)
            if places.option_of(step.key, place.key) in stuck or self.data.get(f"{SIGNS}{step.key}-{at}")
        ]
        former = {(row.step.key, row.in_place_of): row for row in before}
        for step, place, signs, why in self.places:
            whose = f"{step.name}, in the place of {place.words}"
            can = list((able or {}).get(step.key, ()))
            row = former.get((step.key, place.words))
            if row and row.membership not in can:
                row = None
            self.fields[signs] = stand_in_field(
                self.people.values(),
                can,
                "As the route says",
                label=f"{whose}, signs",
                required=False,
                initial=str(row.membership.uuid) if row else "",
            )
            self.fields[why] = forms.CharField(
                label="Why",
                max_length=places.LONGEST_REASON,
                required=False,
                initial=row.reason if row else "",
                help_text="Needed when somebody else is named.",
            )

    @property
    def place_rows(self) -> list[tuple[Place, forms.BoundField, forms.BoundField]]:
        return [(place, self[signs], self[why]) for _, place, signs, why in self.places]

    def taken_places(self) -> list[dict[str, Any]]:
        """Who takes whose place, as `places.take_places` reads it."""
        return [
            {
                "step": step.key,
                "place": place.key,
                "person": self.people[self.cleaned_data[signs]],
                "reason": self.cleaned_data.get(why, ""),
            }
            for step, place, signs, why in self.places
            if self.cleaned_data.get(signs)
        ]

    def take(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """Put problems beside their fields, and what is missing (with `what`) where it is mended or the form begins."""
        explained = []
        for entry in problems:
            place = self.place_of(entry)
            if "what" not in entry:
                if place is None or place not in self.errors:
                    self.add_error(place, entry["message"])
            elif entry["code"] in submissions.EXPLAINED:
                explained.append(f"{entry['what']}: {entry['message']}")
            else:
                self.add_error(None, f"{entry['what']}: {entry['message']}")
        if explained and "missing_reason" not in self.errors:
            self.add_error("missing_reason", " ".join([submissions.WANTS_A_REASON, *explained]))

    def place_of(self, entry: Mapping[str, Any]) -> str | None:
        if "what" in entry:
            return None
        for step, place, signs, why in self.places:
            if entry["option"] == places.option_of(step.key, place.key):
                return why if entry["field"] == "reason" else signs
        return super().place_of(entry)


class OneTimeCode(forms.TextInput):
    """A code that is typed once and never sent back."""

    def format_value(self, value: Any) -> None:
        return None


class SignForm(SeenForm):
    """A signature: in which capacity, and the proof that it is oneself. `bound` is what was shown."""

    step = forms.UUIDField(widget=forms.HiddenInput)
    bound = forms.CharField(widget=forms.HiddenInput)
    meaning = forms.CharField(widget=forms.HiddenInput)
    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        error_messages={"required": "Nothing was signed: confirm with your password that it is you who signs."},
    )

    def __init__(self, *args: Any, capacities: Sequence[Capacity] = (), second_factor: str = "", **options: Any):
        super().__init__(*args, **options)
        self.capacities = list(capacities)
        self.asks_for_passkey = second_factor == proof.PASSKEY
        choices = [(one.key, str(one)) for one in self.capacities]
        if len(choices) > 1:
            self.fields["capacity"] = forms.ChoiceField(
                label="You sign for",
                choices=choices,
                error_messages={"invalid_choice": "The step does not wait for you in this capacity. Choose another."},
            )
        elif choices:
            only = choices[0][0]
            self.fields["capacity"] = forms.CharField(widget=forms.HiddenInput, initial=only, required=False)
        if second_factor == proof.CODE:
            self.fields["code"] = forms.CharField(
                label="Code of your second factor",
                max_length=20,
                widget=OneTimeCode({"autocomplete": "one-time-code", "inputmode": "numeric"}),
                error_messages={"required": "Nothing was signed: the code of your second factor is missing."},
            )

    @property
    def capacity(self) -> Capacity | None:
        """The capacity that was chosen, or the only one; None for one that is not open any more."""
        given = self.cleaned_data.get("capacity", "")
        if not given:
            return self.capacities[0] if self.capacities else None
        return next((one for one in self.capacities if one.key == given), None)

    def refuse(self, message: str, field: str = "") -> None:
        """Put a refusal at its field if the page shows it; else it concerns the whole signature."""
        shown = field in self.fields and not self.fields[field].widget.is_hidden
        self.add_error(field if shown else None, message)


class ReasonForm(SeenForm):
    """An act that needs a reason, on the version that was looked at."""

    version = SeenVersion()
    reason = forms.CharField(label="Reason", widget=forms.Textarea({"rows": 4}), max_length=4000)


class QuestionForm(SeenForm):
    """One question to the lead, on the version that was looked at."""

    version = SeenVersion()
    question = forms.CharField(label="Your question", widget=forms.Textarea({"rows": 4}), max_length=4000)


def choices_of(numbers: Mapping[str, Any]) -> list:
    """Every choice that is open under a result, in groups: what it says, the others, and none."""
    verdict = numbers["verdict"]
    first = verdict["option"]
    says = {
        "best_remaining": "the best remaining option",
        "clear": "recommended",
        "leaning": "recommended, leaning",
    }.get(verdict["kind"], "first in a close call")
    named, others = [], []
    for option in numbers["options"]:
        key, name = option["key"], option["name"]
        if key == first:
            named.append((f"{Kind.RECOMMENDED}:{key}", f"{name}, {says}"))
        else:
            stopped = proposals.blocking(numbers, key)
            words = f", blocked: {', '.join(gate['name'].lower() for gate in stopped)}" if stopped else ""
            level = ", level with the first" if key in verdict["tied"] else ""
            others.append((f"{Kind.ALTERNATIVE}:{key}", f"{name}{words}{level}"))
    groups = [("What the result says", named)] if named else []
    groups.append(("Another option" if named else "An option", others))
    return [*groups, ("None now", [(NOT_YET, "Not yet: commit to nothing until the conditions are met")])]


def blocking_gates(numbers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The gates that block any option: {id: {"name", "options": names}}."""
    found: dict[str, dict[str, Any]] = {}
    for option in numbers["options"]:
        for gate in proposals.blocking(numbers, option["key"]):
            found.setdefault(gate["gate"], {"name": gate["name"], "options": []})["options"].append(option["name"])
    return found
