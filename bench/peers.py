"""The same work in other public libraries, where they are installed: in a virtual environment of their own, by

python -m venv /tmp/peers && /tmp/peers/bin/pip install pyyaml numpy scipy pymcdm==1.4.0 scikit-criteria==0.10 pydecision==5.1.8
/tmp/peers/bin/python bench/engine.py --peers
"""

import contextlib
import io
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

CALLS = 100  # timed; what many more would take is in proportion, as each is a call of its own

Method = Callable[[np.ndarray, np.ndarray], Any]


def _pymcdm() -> dict[str, Method]:
    from pymcdm import normalizations
    from pymcdm.methods import PROMETHEE_II, TOPSIS, WSM

    topsis, promethee, wsm = TOPSIS(normalizations.vector_normalization), PROMETHEE_II("usual"), WSM()

    def call(method: Any) -> Method:
        return lambda matrix, weights: method(matrix, weights, np.ones(len(weights)), validation=False)

    return {"sum": call(wsm), "topsis": call(topsis), "promethee": call(promethee)}


def _scikit_criteria() -> dict[str, Method]:
    import skcriteria
    from skcriteria.agg.similarity import TOPSIS
    from skcriteria.agg.simple import WeightedSumModel

    def call(method: Any) -> Method:
        return lambda matrix, weights: (
            method.evaluate(skcriteria.mkdm(matrix, [max] * len(weights), weights=weights)).rank_
        )

    return {"sum": call(WeightedSumModel()), "topsis": call(TOPSIS())}


def _pydecision() -> dict[str, Method]:
    from pyDecision.algorithm import promethee_ii, saw_method, topsis_method

    return {
        "sum": lambda matrix, weights: saw_method(matrix, ["max"] * len(weights), weights, graph=False, verbose=False),
        "topsis": lambda matrix, weights: topsis_method(
            matrix, weights, ["max"] * len(weights), graph=False, verbose=False
        ),
        "promethee": lambda matrix, weights: promethee_ii(
            matrix, W=list(weights), Q=[0.0] * len(weights), S=[0.4] * len(weights), P=[0.0] * len(weights),
            F=["t1"] * len(weights), graph=False, verbose=False,
        ),
    }  # fmt: skip


LIBRARIES = {"pymcdm": _pymcdm, "scikit-criteria": _scikit_criteria, "pyDecision": _pydecision}


def seconds(matrices: np.ndarray, weights: np.ndarray) -> dict[str, dict[str, float | str]]:
    """{library: {"sum", "topsis", "promethee": seconds a call, or why it has none}} of those that are installed.

    matrices  (calls, options, criteria); weights (calls, criteria), each with the sum 1
    """
    found: dict[str, dict[str, float | str]] = {}
    for name, load in LIBRARIES.items():
        try:
            methods = load()
        except ImportError as error:
            found[name] = dict.fromkeys(("sum", "topsis", "promethee"), f"not installed ({error.name})")
            continue
        found[name] = {}
        for key in ("sum", "topsis", "promethee"):
            found[name][key] = _timed(methods[key], matrices, weights) if key in methods else "has none"
    return found


def _timed(method: Method, matrices: np.ndarray, weights: np.ndarray) -> float | str:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            method(matrices[0], weights[0])
        except (TypeError, ValueError, AttributeError) as error:  # another version's signature
            return f"failed ({error})"
        start = time.process_time()
        for matrix, own in zip(matrices[:CALLS], weights[:CALLS], strict=True):
            method(matrix, own)
        return (time.process_time() - start) / min(CALLS, len(matrices))
