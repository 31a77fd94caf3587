"""What is vendored is what the manifest says, and no template asks for something that the security policy forbids."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "icons" / "icons.svg").read_text()))
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


def test_the_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    there = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert there == manifest["sha256"]
    for package in manifest["packages"].values():
        assert package["version"] and package["licence"] and (VENDOR / package["file"]).read_text().strip()


def test_the_lockfile_names_no_registry():
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [name for name, entry in locked.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in locked.items() if name)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_has_nothing_inline(path):
    text = COMMENT.sub("", path.read_text())
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text)
    assert not re.search(r"""\s(style|on\w+|hx-on[\w:-]*)\s*=\s*["']""", text)
    assert not re.search(r"""=\s*["']\s*(javascript|js):""", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_names_icons_and_files_that_exist(path):
    text = path.read_text()
    for name in re.findall(r'components/icon\.html" with name="([\w-]+)"', text) + re.findall(r'icon="([\w-]+)"', text):
        assert name in ICONS
    for name in re.findall(r"""\{%-? static ['"]([^'"]+)['"]""", text):
        assert find(name), f"{name} is neither ours nor of an installed package"
    for name in re.findall(r'include "components/([\w.]+)"', text):
        assert (ROOT / "templates" / "components" / name).is_file()
