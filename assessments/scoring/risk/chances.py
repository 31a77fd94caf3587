"""What the facts make of a risk model: for every row and option the chance, length and cost of each event's draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assessments.scoring.language import Columns, Evaluator, ListColumn
from assessments.scoring.language.evaluate import entry_columns, names_in
from assessments.scoring.language.tree import Node
from assessments.scoring.risk.model import Contribution, Driver, Event, RiskModel, Span, Stretch

NEVER = 10_000  # a half-year beyond every horizon


@dataclass(frozen=True)
class Chances:
    """One option's draws in every row; E events, T half-years.

    probability   (rows, E, T) of a draw; of lot failures the probability of one lot
    delay, cost   (rows, E, 3) least, most likely, most: months, MUSD
    delay_factor  (rows, E) what turns drawn months into the sponsor's months of program delay
    each          (rows, E, T) MUSD of a fixed cost, 0 where the cost is drawn; of lot failures the cost of one lot
    cost_factor   (E,) multiplies every cost; share (E,) is the sponsor's part of it
    lots          (rows, E, T) lots made in the half-year, 0 where the event is no lot failure
    """

    probability: np.ndarray
    delay: np.ndarray
    delay_factor: np.ndarray
    cost: np.ndarray
    each: np.ndarray
    cost_factor: np.ndarray
    share: np.ndarray
    lots: np.ndarray


def bucket_of(month: np.ndarray, buckets: int, *, cap: bool) -> np.ndarray:
    """Half-year of a month, from 1: max(1, ceil(month / length)) with months given in half-years; NEVER if missing."""
    found = np.where(np.isnan(month), NEVER, np.maximum(1, np.ceil(month)))
    return np.minimum(found, np.where(np.isnan(month), NEVER, buckets)) if cap else found


def chances(model: RiskModel, kind: str, columns: Columns, runs: Sequence[str]) -> Chances:
    """The draws of an option of `kind` in every row of its columns.

    runs    for each row the id of its scenario, "" for the unchanged facts
    Raises  EvaluationError
    """
    with np.errstate(all="ignore"):
        return _Reading(model, kind, columns, runs).all()


class _Reading:
    def __init__(self, model: RiskModel, kind: str, columns: Columns, runs: Sequence[str]):
        self.model, self.kind, self.columns = model, kind, columns
        self.rows, self.buckets = columns.rows, model.buckets
        self.runs = np.array(runs)
        self.every = np.ones(self.rows, bool)
        self.evaluator = Evaluator(columns)

    def value(self, tree: Node, evaluator: Evaluator | None = None) -> np.ndarray:
        found = (evaluator or self.evaluator).value(tree, self.every)
        return found if np.ndim(found) else np.full(self.rows, found)

    def all(self) -> Chances:
        model, shape = self.model, (self.rows, len(self.model.events))
        made = Chances(
            np.zeros((*shape, self.buckets)),
            np.zeros((*shape, 3)),
            np.zeros(shape),
            np.zeros((*shape, 3)),
            np.zeros((*shape, self.buckets)),
            np.zeros(shape[1]),
            np.zeros(shape[1]),
            np.zeros((*shape, self.buckets)),
        )
        for at, event in enumerate(model.events):
            by_bucket = self.of_buckets(event)
            made.probability[:, at] = self.probability(event, by_bucket)
            if event.delay:
                made.delay[:, at] = self.triple(event.delay)
                made.delay_factor[:, at] = self.delay_factor(event)
            if self.kind in event.cost and event.cost[self.kind]:
                made.cost[:, at] = self.triple(event.cost[self.kind])
            if self.kind in event.each:
                tree = event.each[self.kind]
                made.each[:, at] = np.stack([self.value(tree, one) for one in by_bucket], axis=1)
            made.cost_factor[at] = event.factors["cost_multiplier"].get(self.kind, 1.0)
            made.share[at] = event.factors["share_cost"].get(self.kind, 0.0)
            if event.draws == "binomial_lots":
                made.lots[:, at] = self.stretched(event.lots)
        return made

    def of_buckets(self, event: Event) -> list[Evaluator]:
        """An evaluator for every half-year: with its lots and the use of capacity, where the event reads them."""
        if not event.lots or event.draws == "binomial_lots":
            return [self.evaluator] * self.buckets
        lots, found = self.stretched(event.lots), []
        for bucket in range(self.buckets):
            names: dict[str, Any] = {**self.columns.names, "lots": lots[:, bucket]}
            if event.use is not None:
                names["use"] = self.value(event.use, Evaluator(replace(self.columns, names=names)))
            found.append(Evaluator(replace(self.columns, names=names)))
        return found

    def stretched(self, stretches: tuple[Stretch, ...]) -> np.ndarray:
        """(rows, T)"""
        found = np.zeros((self.rows, self.buckets))
        for one in stretches:
            found[:, one.first - 1 : one.last] = self.value(one.value)[:, None]
        return found

    def triple(self, trees: tuple[Node, ...]) -> np.ndarray:
        return np.stack([self.value(tree) for tree in trees], axis=1)

    def probability(self, event: Event, by_bucket: list[Evaluator]) -> np.ndarray:
        """(rows, T), capped"""
        stretches = event.probability.get(self.kind, ())
        if event.draws == "summed_per_bucket":
            found = sum(
                (self.contributed(one, stretches) for one in event.contributions), np.zeros((self.rows, self.buckets))
            )
        else:
            found = self.stretched(stretches)
        if event.probability_at is not None:
            month, value = event.probability_at
            here = self.at(self.half_years(month, cap=False))
            found = np.where(here, self.value(value)[:, None], found)
        for driver in event.drivers:
            if driver.on == "probability":
                found = found * self.driven(driver)[:, None]
        found = np.where(self.active(event.span, by_bucket), found, 0.0)
        if event.draws == "binomial_lots":
            return np.clip(found, 0.0, 1.0)
        return np.clip(found, 0.0, self.model.cap)

    def half_years(self, month: Node, *, cap: bool, plus: int = 0) -> np.ndarray:
        return bucket_of(self.value(month) / self.model.bucket_months, self.buckets, cap=cap) + plus

    def at(self, bucket: np.ndarray) -> np.ndarray:
        """(rows, T): whether each half-year is the named one."""
        return bucket[:, None] == np.arange(1, self.buckets + 1)

    def active(self, span: Span, by_bucket: list[Evaluator]) -> np.ndarray:
        count = np.arange(1, self.buckets + 1)
        found = np.ones((self.rows, self.buckets), bool)
        if span.form == "buckets":
            found &= (count >= span.first) & (count <= span.last)
        elif span.month is not None:
            named = self.half_years(span.month, cap=span.cap, plus=span.plus)[:, None]
            found &= {"until": count <= named, "from": count >= named, "at": count == named}[span.form]
        if self.kind in span.when:
            found &= self.value(span.when[self.kind])[:, None]
        if span.when_bucket is not None:
            found &= np.stack([self.value(span.when_bucket, one) for one in by_bucket], axis=1)
        return found

    def driven(self, driver: Driver) -> np.ndarray:
        """(rows,) the factor of a driver, 1 where it does not hold."""
        if self.kind not in driver.kinds:
            return np.ones(self.rows)
        holds = self.value(driver.when)
        if driver.scenarios:
            holds = holds & np.isin(self.runs, driver.scenarios)
        return np.where(holds, self.value(driver.multiply), 1.0)

    def delay_factor(self, event: Event) -> np.ndarray:
        factors = event.factors
        own = factors["delay_multiplier"].get(self.kind, 1.0) * factors["share_delay"].get(self.kind, 0.0)
        found = np.full(self.rows, own * event.critical_path)
        for driver in event.drivers:
            if driver.on == "delay":
                found = found * self.driven(driver)
        return found if event.delay_when is None else np.where(self.value(event.delay_when), found, 0.0)

    def contributed(self, one: Contribution, stretches: tuple[Stretch, ...]) -> np.ndarray:
        """(rows, T) of one source of a summed probability."""
        own = self.value(one.probability[self.kind]) if self.kind in one.probability else None
        base = self.stretched(stretches) if own is None else np.repeat(own[:, None], self.buckets, axis=1)
        if one.span is not None:
            holds = self.active(one.span, [])
            if one.when is not None:
                holds &= self.value(one.when)[:, None]
            return np.where(holds, base, 0.0)
        listed: ListColumn = self.columns.names[one.each]
        width = listed.there.shape[1]
        found = np.zeros((self.rows, self.buckets))
        if width == 0 or one.month is None:
            return found
        trees = [one.month, *([one.when] if one.when else []), *(tree for pair in one.multiply for tree in pair)]
        inner = entry_columns(self.columns, one.each, names_in(*trees))
        evaluator, there = Evaluator(inner), listed.there.ravel()

        def of_entries(tree: Node) -> np.ndarray:
            return np.broadcast_to(evaluator.value(tree, there), there.shape)

        holds = there if one.when is None else there & of_entries(one.when)
        factor = np.ones(there.shape)
        for when, multiply in one.multiply:
            factor = factor * np.where(of_entries(when), of_entries(multiply), 1.0)
        months = np.where(there, of_entries(one.month), np.nan)
        bucket = bucket_of(months / self.model.bucket_months, self.buckets, cap=False)
        weight = np.where(holds, factor, 0.0).reshape(self.rows, width)
        for entry in range(width):
            found += self.at(bucket.reshape(self.rows, width)[:, entry]) * weight[:, entry, None]
        return found * base
