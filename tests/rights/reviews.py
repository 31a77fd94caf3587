"""Bringing the world's review into a state, by rows that a service would write."""


def bring_review_to(world, state):
    """Leave the world with a review in this state."""
