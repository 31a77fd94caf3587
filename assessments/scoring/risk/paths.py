"""Seeded paths through the half-years: which draws strike, how long they last, what they cost and whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from assessments.scoring.framework import Framework
from assessments.scoring.risk.chances import Chances
from assessments.scoring.risk.model import CATEGORIES, RiskModel
from assessments.scoring.weights import seed_of

STREAM = 2  # of the framework's seed; plausible weights have stream 1


@dataclass(frozen=True)
class Draws:
    """Uniform numbers in 0..1, (E, T, N) each: whether a draw strikes, how long it lasts, what it costs.

    The same for every option, run and edit, so that a difference between two results is one of facts, not of luck.
    `strike` is stratified over the paths of each half-year (one number in each N-th part, in random order), so that an
    event strikes as often as its probability says; the stated errors, those of independent paths, are upper bounds.
    `order` has the paths of each half-year by rising `strike`: those that an event strikes are its first ones.
    """

    strike: np.ndarray
    length: np.ndarray
    price: np.ndarray
    order: np.ndarray

    @property
    def count(self) -> int:
        return int(self.strike.shape[-1])


def draws_of(framework: Framework, model: RiskModel, count: int) -> Draws:
    """The `count` paths of a framework; made once per process and number of paths."""
    key = ("risk_draws", count)
    if key not in framework.cache:
        sequence = np.random.SeedSequence(seed_of(framework), spawn_key=(STREAM, count))
        generator = np.random.Generator(np.random.PCG64DXSM(sequence))
        shape = (len(model.events), model.buckets, count)
        strata = np.broadcast_to(np.arange(count, dtype=np.float32), shape)
        strike = (generator.permuted(strata, axis=2) + generator.random(shape, dtype=np.float32)) / np.float32(count)
        length, price = (generator.random(shape, dtype=np.float32) for _ in range(2))
        order = strike.argsort(axis=2).astype(np.int32)
        framework.cache[key] = Draws(strike, length, price, order)
    found: Draws = framework.cache[key]
    return found


@dataclass(frozen=True)
class Paths:
    """What N paths do to one option; C categories O, R, X, T half-years, E events.

    delay    (C, T, N) months of program delay, the sponsor's; overlapping delays are shared out in proportion
    cost     (C, T, N) MUSD, the sponsor's; partner (T, N) the partner's
    strikes  (E,) share of the paths in which the event strikes at all
    slip_of  (E,) mean months of slip, cost_of (E,) mean MUSD of the sponsor, by event
    """

    delay: np.ndarray
    cost: np.ndarray
    partner: np.ndarray
    strikes: np.ndarray
    slip_of: np.ndarray
    cost_of: np.ndarray

    @property
    def slip(self) -> np.ndarray:
        """(N,) months over the horizon."""
        return np.asarray(self.delay.sum(axis=(0, 1)))

    @property
    def spent(self) -> np.ndarray:
        """(N,) MUSD of the sponsor over the horizon."""
        return np.asarray(self.cost.sum(axis=(0, 1)))


def triangular(uniform: np.ndarray, least: np.ndarray, likely: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Quantiles of triangular distributions; a distribution without width gives its one value."""
    width = most - least
    rising = likely - least
    # Where the most likely value is an end, the other side of the triangle never counts.
    below = uniform * width < rising
    side = np.where(below, uniform * rising, (1.0 - uniform) * (most - likely))
    step = np.sqrt(np.maximum(side * width, 0.0))
    return np.where(below, least + step, most - step)


def paths(model: RiskModel, chances: Chances, row: int, draws: Draws, *, compat: bool = False) -> Paths:
    """The paths of one row of an option's chances.

    compat  leaves out and averages what the figures of the demo programs do (see the framework's risk.compat_demo)
    """
    events, buckets, count = len(model.events), model.buckets, draws.count
    cells = buckets * count
    category = np.array([CATEGORIES.index(event.category) for event in model.events])
    once = np.array([event.once for event in model.events])
    lots = np.array([event.draws == "binomial_lots" for event in model.events])
    probability = chances.probability[row].copy()
    if compat:
        probability[[event.id in model.left_out for event in model.events]] = 0.0
    drawn = np.where(lots[:, None], 0.0, probability).astype(np.float32)
    event, bucket, path = struck_by(drawn, draws)
    if once.any():
        # Of an event that strikes once, the first hit of a path counts: hits come by event and then by half-year, and of
        # several assignments to one place the last stays.
        seldom = np.flatnonzero(once[event])
        owner = event[seldom] * count + path[seldom]
        first = np.zeros(events * count, dtype=np.int64)
        first[owner[::-1]] = seldom[::-1]
        kept = ~once[event]
        kept[seldom] = first[owner] == seldom
        event, bucket, path = event[kept], bucket[kept], path[kept]
    place = bucket * count + path
    struck = event * cells + place

    delay: np.ndarray = np.zeros((len(CATEGORIES), cells))
    slip_of = np.zeros(events)
    months = chances.delay_factor[row, event] * triangular(
        draws.length.ravel()[struck], *(chances.delay[row, event, at] for at in range(3))
    )
    late = months > 0
    if late.any():
        where, months = place[late], months[late]
        total = np.bincount(where, months, cells)
        longest = np.zeros(cells)
        np.maximum.at(longest, where, months)
        shared = (longest + model.overlap * (total - longest)) / np.where(total > 0, total, 1.0)
        months = months * shared[where]
        delay = np.bincount(category[event[late]] * cells + where, months, len(CATEGORIES) * cells)
        slip_of = np.bincount(event[late], months, events) / count

    money = chances.each[row, event, bucket] + triangular(
        draws.price.ravel()[struck], *(chances.cost[row, event, at] for at in range(3))
    )
    money = money * chances.cost_factor[event]
    own = money * chances.share[event]
    cost = np.bincount(category[event] * cells + place, own, len(CATEGORIES) * cells)
    partner = np.bincount(place, money - own, cells)
    cost_of = np.bincount(event, own, events) / count
    seen = np.zeros((events, count), bool)
    seen[event, path] = True
    strikes = seen.mean(axis=1)

    cost, partner = cost.reshape(len(CATEGORIES), buckets, count), partner.reshape(buckets, count)
    for at in np.flatnonzero(lots):
        failed = failures(chances.lots[row, at], probability[at], draws.strike[at])
        if compat and model.events[at].id in model.expected_cost:
            failed = np.repeat((chances.lots[row, at] * probability[at])[:, None], count, axis=1)
        money = failed * (chances.each[row, at] * chances.cost_factor[at])[:, None]
        cost[category[at]] += money * chances.share[at]
        partner += money * (1.0 - chances.share[at])
        cost_of[at] = chances.share[at] * money.sum() / count
        strikes[at] = (failed.sum(axis=0) > 0).mean()
    return Paths(delay.reshape(len(CATEGORIES), buckets, count), cost, partner, strikes, slip_of, cost_of)


def struck_by(probability: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Event, half-year and path of every hit, by event and then by half-year.

    probability  (E, T) float32; a path is struck where its `strike` is below it
    """
    events, buckets, count = draws.strike.shape
    wanted = probability.ravel()
    strike, order = draws.strike.reshape(-1, count), draws.order.reshape(-1, count)
    # Stratified: the number of paths below a probability is its share of all, or one more.
    hits = np.minimum((wanted * count).astype(np.int64), count)
    rows = np.arange(len(wanted))
    for _ in range(2):
        next_one = strike[rows, order[rows, np.minimum(hits, count - 1)]]
        hits += (hits < count) & (next_one < wanted)
    last = strike[rows, order[rows, np.maximum(hits - 1, 0)]]
    hits -= (hits > 0) & (last >= wanted)
    cell = np.repeat(rows, hits)
    within = np.arange(len(cell)) - np.repeat(np.cumsum(hits) - hits, hits)
    event, bucket = np.divmod(cell, buckets)
    return event, bucket, order[cell, within].astype(np.int64)


def failures(lots: np.ndarray, probability: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """How many lots fail in each half-year and path: binomial, by inversion; a small uniform number means many.

    lots         (T,) lots started; the last part of a lot counts as a lot with that chance of being made
    probability  (T,) that a lot fails
    uniform      (T, N)
    Returns      (T, N) float
    """
    found = np.zeros(uniform.shape)
    for bucket, (number, chance) in enumerate(zip(lots, probability, strict=True)):
        if number <= 0 or chance <= 0:
            continue
        whole = int(np.floor(number))
        part = (number - whole) * chance
        least = np.arange(1, whole + 2)
        # P(at least k) of the whole lots and one that is made with probability `part / chance`.
        others = np.where(least > 1, bdtrc(np.maximum(least - 2, 0), whole, chance), 1.0)
        tail = (1 - part) * bdtrc(least - 1, whole, chance) + part * others
        for share in tail[tail > 0.5 / uniform.shape[1]]:
            found[bucket] += uniform[bucket] < share
    return found
