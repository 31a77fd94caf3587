"""Weights of the criteria: own weights normalised per sibling group, lenses, and plausible draws around them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from assessments.scoring.framework import Framework

BIT_GENERATOR = "PCG64DXSM"


def weights_of(
    framework: Framework, own: Mapping[str, Mapping[str, float]] | None = None, lens: Mapping[str, float] | None = None
) -> np.ndarray:
    """(criteria,) weights with the sum 1: the product of the shares along the path.

    own   replacing own weights, {"dimensions": {key: w}, "criteria": {key: w}}; parts may be left out
    lens  multipliers of dimensions
    Raises ValueError for a weight that is negative or not finite, or a group whose weights are all 0
    """
    own = own or {}
    dimension = {
        d.key: own.get("dimensions", {}).get(d.key, d.weight) * (lens or {}).get(d.key, 1.0)
        for d in framework.dimensions
    }
    leaf = {c.key: own.get("criteria", {}).get(c.key, c.weight) for c in framework.criteria}
    for key, weight in {**dimension, **leaf}.items():
        if not math.isfinite(weight) or weight < 0:
            raise ValueError(f"The weight of {key} is {weight}; weights are finite and not negative.")
    total = math.fsum(dimension.values())
    groups = {d.key: math.fsum(leaf[key] for key in d.criteria) for d in framework.dimensions}
    if total <= 0 or any(groups[key] <= 0 < dimension[key] for key in groups):
        raise ValueError("All weights of a group are 0.")
    shares = [
        dimension[c.dimension] / total * (leaf[c.key] / groups[c.dimension] if groups[c.dimension] else 0.0)
        for c in framework.criteria
    ]
    whole = math.fsum(shares)
    return np.array([share / whole for share in shares])


def seed_of(framework: Framework) -> int:
    """128 bits of the framework's digest: the same draws for every option, edit and program, so that they compare."""
    return int(framework.digest[:32], 16)


def plausible_weights(framework: Framework, weights: np.ndarray) -> np.ndarray:
    """(draws, criteria) weights: each times a dimension's and a criterion's uniform multiplier, then normalised."""
    multipliers = framework.cache.get("multipliers")
    if multipliers is None:
        plan = framework.plausible
        generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed_of(framework), spawn_key=(1,))))
        keys = [dimension.key for dimension in framework.dimensions]
        of_dimension = generator.uniform(plan["dimension"][0], plan["dimension"][1], (plan["draws"], len(keys)))
        of_criterion = generator.uniform(
            plan["criterion"][0], plan["criterion"][1], (plan["draws"], len(framework.criteria))
        )
        multipliers = of_dimension[:, [keys.index(c.dimension) for c in framework.criteria]] * of_criterion
        framework.cache["multipliers"] = multipliers
    drawn = multipliers * weights
    return drawn / drawn.sum(axis=1, keepdims=True)


def first_shares(drawn: np.ndarray, values: np.ndarray, blocked: np.ndarray) -> np.ndarray:
    """(options,) share of draws in which each unblocked option is first; a tie is shared.

    values  (options, criteria) 0..1, NaN where missing: the remaining weights are then scaled up
    """
    present = ~np.isnan(values)
    totals = drawn @ np.where(present, values, 0.0).T
    if not present.all():
        totals = totals / np.maximum(drawn @ present.T.astype(float), 1e-300)
    totals[:, blocked] = -np.inf
    best = totals.max(axis=1, keepdims=True)
    first = (totals >= best - 1e-12 * np.abs(best)) & ~blocked
    return (first / np.maximum(first.sum(axis=1, keepdims=True), 1)).mean(axis=0)
