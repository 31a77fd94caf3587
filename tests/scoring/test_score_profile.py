"""The command scores files in a bare environment: no database, no settings, no checks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.scoring.sample import document, profile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "framework.yaml").write_text(yaml.safe_dump(document()))
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(profile()))
    return tmp_path


def command(files, *extra):
    return subprocess.run(
        [sys.executable, "manage.py", "score_profile", str(files / "profile.yaml"), *extra]
        + ["--criteria", str(files / "framework.yaml")],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_one_json_object_a_line_without_a_database(files):
    done = command(files, "--json", "--compat-demo")
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    found = json.loads(line)
    assert set(found) == {"options", "gates", "lenses", "scenarios", "robustness", "risk", "verdict"}
    assert found["options"]["mix"]["total"] == pytest.approx(97.5)
    assert found["options"]["mix"]["ready_month"] == 7


def test_the_table_for_people_begins_with_the_verdict(files):
    done = command(files)
    assert done.returncode == 0, done.stderr
    assert "Suite is recommended" in done.stdout


def test_a_wrong_profile_exits_2_and_names_each_field(files):
    data = profile() | {"need": 99, "potency": "nun"}
    (files / "profile.yaml").write_text(yaml.safe_dump(data))
    done = command(files, "--json")
    assert done.returncode == 2
    assert "need" in done.stderr and "potency" in done.stderr and "99" in done.stderr
    assert done.stdout == ""
