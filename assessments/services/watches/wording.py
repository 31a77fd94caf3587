"""A watch in plain sentences: what the decision has come to, and what did it."""

import datetime
from collections.abc import Mapping
from typing import Any

from assessments.models import DecisionWatch
from assessments.reporting import result_view
from assessments.scoring.confidential import confidential
from assessments.scoring.headline import Problem, headline
from assessments.scoring.language import EvaluationError
from assessments.scoring.watching import Reason
from assessments.services.fact_words import date_words, value_words
from assessments.services.watches.causes import Cause
from assessments.services.watches.inputs import Look, Watched

State = DecisionWatch.State


class Words:
    """The sentences of one look. What rests on prices is marked, so that pages can keep it back."""

    def __init__(self, one: Watched, found: Look):
        self.one, self.found = one, found
        self.names = dict(one.signed["names"]) | {
            key: option["name"] for key, option in one.revision.facts["options"].items()
        }
        self.gates = {gate.id: gate.name for gate in one.framework.gates}
        self.hidden = confidential(one.framework)
        self.messages = self._messages()
        self.wires = {wire["key"]: wire for wire in one.signed["tripwires"]}

    @property
    def chosen(self) -> str:
        return self.names.get(self.one.signed["option"], "The choice")

    def _messages(self) -> dict[str, str]:
        """What the gates that fire say of the chosen option, with their numbers."""
        if not any("gate" in reason.data for reason in self.found.reasons):
            return {}
        try:
            numbers = headline(Problem(self.one.framework, self.one.facts_today, self.one.keys))
        except EvaluationError:
            return {}
        chosen = self.one.signed["option"]
        return {gate["id"]: gate["message"] for gate in numbers["gates"] if chosen in gate["options"]}

    def sentence(self) -> str:
        """The state in one sentence that everyone may read who may see the decision."""
        if self.found.reasons:
            return self.reason(self.found.reasons[0])["sentence"]
        kind = self.one.signed["kind"]
        if kind == "not_yet":
            return "Nothing to commit to yet: the conditions are not met."
        if kind == "alternative":
            return f"{self.chosen} stands as it stood when it was chosen."
        return f"{self.chosen} still comes first."

    def causes(self, causes: list[Cause]) -> list[dict[str, Any]]:
        """Further reasons first, then what did it, then notes: {"kind", "sentence", "commercial"}."""
        return self.further_reasons() + [self.cause(cause) for cause in causes] + self.notes()

    def notes(self) -> list[dict[str, Any]]:
        """What was left out of account."""
        if self.one.unread is None:
            return []
        return [
            _said("note", f"{self.one.unread} is published, but asks for facts that the program does not have yet.")
        ]

    def further_reasons(self) -> list[dict[str, Any]]:
        """The reasons that the sentence does not say already, each with its numbers."""
        told = [self.reason(reason, detail=True) for reason in self.found.reasons]
        return [one for at, one in enumerate(told) if at or one["sentence"] != self.sentence()]

    def fired(self) -> list[dict[str, Any]]:
        """The crossed tripwires: {"key", "sentence", "now", "commercial", "owner"}."""
        found = []
        for key, value in self.found.fired.items():
            wire = self.wires[key]
            field = self.one.framework.schema.fields[wire["field"]]
            found.append(
                {
                    "key": key,
                    "sentence": wire["sentence"],
                    "now": value_words(field, value),
                    "commercial": wire["commercial"],
                    "owner": (wire["owner"] or {}).get("name", ""),
                }
            )
        return found

    def reason(self, reason: Reason, *, detail: bool = False) -> dict[str, Any]:
        data, words = reason.data, ""
        match reason.code:
            case "gone":
                words = f"The facts no longer describe {self.chosen}."
            case "tripwire":
                wire = self.wires[data["key"]]
                if wire["commercial"] and not detail:
                    words = "A tripwire on a confidential fact is crossed."
                else:
                    field = self.one.framework.schema.fields[wire["field"]]
                    now = value_words(field, self.found.fired[data["key"]])
                    words = f"A tripwire is crossed: {_lower(wire['sentence'])}. Now: {now}."
                return _said("tripwire", words, wire["commercial"] and detail)
            case "met":
                words = "Every condition is done: it can be decided now."
            case "blocked":
                return self._gate(data["gate"], f"{self.chosen} is now blocked", detail)
            case "demanded":
                what = f"A condition that the decision does not carry is now demanded of {self.chosen}"
                return self._gate(data["gate"], what, detail)
            case "overtaken":
                words = (
                    f"{self.names[data['option']]} now comes first, {data['behind']:.1f} points ahead of {self.chosen}."
                )
            case "level":
                other = self.names.get(data["option"] or "")
                words = (
                    f"{other} is now {data['behind']:.1f} points ahead of {self.chosen}, too little to tell them apart."
                    if other
                    else f"{self.chosen} no longer comes first alone."
                )
            case "verdict":
                then, now = (
                    result_view.verdict_kind_words(kind) for kind in (self.one.signed["verdict"], data["kind"])
                )
                words = f"{self.chosen} still comes first, but the result is now “{now.lower()}”; “{then.lower()}” was signed."
            case "behind":
                words = (
                    f"{self.chosen} now lies {data['behind']:.1f} points behind the best option; "
                    f"{self.one.signed['behind']:.1f} were accepted when it was chosen."
                )
            case "place":
                words = f"{self.chosen} fell from place {self.one.signed['place']} to place {data['place']}."
            case "decidable":
                now = result_view.verdict_kind_words(data["kind"]).lower()
                words = f"The result has become “{now}”: deciding may be worth it now."
        return _said("reason", words)

    def _gate(self, gate: str, what: str, detail: bool) -> dict[str, Any]:
        named = f"{what}: {self.gates.get(gate, gate)} ({gate})."
        message = self.messages.get(gate, "")
        if gate in self.hidden.gates and detail and message:
            return _said("gate", f"{named} {message}", commercial=True)
        return _said("gate", f"{named} {message}".strip() if gate not in self.hidden.gates else named)

    def cause(self, cause: Cause) -> dict[str, Any]:
        lead = "" if cause.alone else "Together with the rest: "
        match cause.kind:
            case "time":
                return _said("time", f"{lead}{self.time()}")
            case "criteria":
                one = self.one
                return _said(
                    "criteria", f"{lead}{one.version} is published; the decision was taken under {one.signed_version}."
                )
        place = cause.place
        assert place is not None
        where = f" of {self.names[place.option]}" if place.option else ""
        then, now = value_words(place.field, cause.was), value_words(place.field, place.value)
        return _said(
            "fact", f"{lead}{place.field.label}{where}: {then} when signed, now {now}.", place.field.commercial
        )

    def time(self) -> str:
        total = self.one.total
        months = "1 month has" if total == 1 else f"{total} months have"
        day: datetime.date = self.one.signed_revision.assessment_date
        return (
            f"{months} passed since {date_words(day)}, month 0 of the signed facts: dated milestones are nearer and the "
            "runway is shorter by as much; waits and build times count as they stand until somebody confirms progress."
        )


def _said(kind: str, sentence: str, commercial: bool = False) -> dict[str, Any]:
    return {"kind": kind, "sentence": sentence, "commercial": bool(commercial)}


def _lower(sentence: str) -> str:
    return sentence.removesuffix(".")


def shown_causes(causes: list[Mapping[str, Any]], *, commercial: bool, hidden: str) -> list[Mapping[str, Any]]:
    """Causes as a reader may see them."""
    return [one if commercial or not one["commercial"] else {**one, "sentence": hidden} for one in causes]
