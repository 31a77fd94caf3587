"""Writes mcda.json: what other public libraries answer to the same cases. Run where they are installed, not in the tests:

python -m venv /tmp/oracles
/tmp/oracles/bin/pip install numpy==2.4.6 scipy==1.17.1 pymcdm==1.4.0 scikit-criteria==0.10
/tmp/oracles/bin/python tests/scoring/oracles/make.py

They bring pandas, matplotlib, scikit-learn and more, which is why the tests read this table and do not install them.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pymcdm.methods
import pymcdm.normalizations
import skcriteria
from skcriteria.agg.simple import WeightedSumModel
from skcriteria.agg.topsis import TOPSIS
from skcriteria.preprocessing.scalers import VectorScaler

INDIFFERENCE, PREFERENCE = 0.125, 0.5  # as the cross-check of the engine has them
SHAPES = ((2, 3), (3, 5), (3, 25), (4, 8), (5, 25), (5, 12))


def cases() -> list[dict]:
    """Values of 1/8 to 1 and whole weights; the last has a column that says nothing. No column is all 0: both libraries
    answer that with NaN."""
    generator = np.random.Generator(np.random.PCG64DXSM(2026))
    found = []
    for options, criteria in SHAPES:
        matrix = generator.integers(1, 9, (options, criteria)) / 8
        weights = generator.integers(1, 20, criteria).astype(float)
        found.append({"matrix": matrix.tolist(), "weights": weights.tolist()})
    found[-1]["matrix"] = [[0.5, *row[1:]] for row in found[-1]["matrix"]]
    return found


def answers(matrix: np.ndarray, weights: np.ndarray) -> dict[str, list[float]]:
    """By the call that was made; weights with the sum 1, every criterion the more the better."""
    types, count = np.ones(len(weights)), len(weights)
    topsis = pymcdm.methods.TOPSIS(pymcdm.normalizations.vector_normalization)
    linear = pymcdm.methods.PROMETHEE_II("vshape_2", p=[PREFERENCE] * count, q=[INDIFFERENCE] * count)
    decision = skcriteria.mkdm(matrix, [max] * count, weights=weights)
    scaled = VectorScaler(target="matrix").transform(decision)  # its TOPSIS takes columns as they are
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "pymcdm WSM()": pymcdm.methods.WSM(lambda column, cost=False: column)(matrix, weights, types).tolist(),
            "pymcdm TOPSIS(vector_normalization)": topsis(matrix, weights, types).tolist(),
            "pymcdm PROMETHEE_II('usual')": pymcdm.methods.PROMETHEE_II("usual")(matrix, weights, types).tolist(),
            "pymcdm PROMETHEE_II('vshape_2')": linear(matrix, weights, types).tolist(),
            "skcriteria WeightedSumModel().evaluate": WeightedSumModel().evaluate(decision).e_.score.tolist(),
            "skcriteria VectorScaler, TOPSIS().evaluate": TOPSIS().evaluate(scaled).e_.similarity.tolist(),
            "skcriteria VectorScaler, TOPSIS().evaluate, rank": TOPSIS().evaluate(scaled).rank_.tolist(),
        }


def main() -> None:
    rows = []
    for case in cases():
        matrix, weights = np.array(case["matrix"]), np.array(case["weights"])
        rows.append(case | {"answers": answers(matrix, weights / weights.sum())})
    names = ("numpy", "scipy", "pymcdm", "scikit-criteria")
    table = {
        "versions": {name: version(name) for name in names},
        "thresholds": {"indifference": INDIFFERENCE, "preference": PREFERENCE},
        "cases": rows,
    }
    Path(__file__).with_name("mcda.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
