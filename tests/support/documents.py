"""The files that the product comes with, each read once in a run: YAML of the framework's length takes most of a second."""

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from assessments.scoring.framework import Framework
from assessments.services.demo import PROFILES
from assessments.services.frameworks import DEFAULT_FRAMEWORK


@cache
def _read(path: Path) -> bytes:
    return pickle.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))


def framework_document() -> dict[str, Any]:
    """The default framework's document: a copy, which the caller may change."""
    return pickle.loads(_read(DEFAULT_FRAMEWORK))


@cache
def default_framework() -> Framework:
    """The default framework, one for all: nothing of it may be changed."""
    return Framework.from_data(framework_document())


def demo_profile(name: str) -> dict[str, Any]:
    """The profile of a program of the demo: a copy, which the caller may change."""
    return pickle.loads(_read(PROFILES / f"{name}.yaml"))
