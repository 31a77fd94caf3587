"""Weights of a framework as shares of 100."""

from assessments.scoring.framework import Framework


def shares(framework: Framework) -> tuple[dict[str, float], dict[str, float]]:
    """Each dimension's and each criterion's share of 100."""
    whole = sum(dimension.weight for dimension in framework.dimensions)
    own = {criterion.key: criterion.weight for criterion in framework.criteria}
    of_dimension, of_criterion = {}, {}
    for dimension in framework.dimensions:
        of_dimension[dimension.key] = 100 * dimension.weight / whole
        leaves = sum(own[key] for key in dimension.criteria)
        for key in dimension.criteria:
            of_criterion[key] = of_dimension[dimension.key] * own[key] / leaves
    return of_dimension, of_criterion
