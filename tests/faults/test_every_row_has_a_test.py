"""Every row of the fault matrix has a test that begins with its id."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROWS = {
    "l1": "the collection answers 404 or 410: there are no assistants here, not none",
    "l2": "the list is empty although assistants were owned last time",
    "l3": "one page of the list fails",
    "l4": "the list turns in circles, makes no progress or does not say whether there is more",
    "l5": "the same assistant is listed twice",
    "l6": "assistants come and go while the list is read",
    "l8": "list items leave out fields that a manifest manages",
    "l9": "HTML or another type instead of a list",
    "l10": "JSON that is cut off or hostile",
    "l11": "a body without end, or one that unfolds to one",
    "l13": "fields or tools that this program does not know",
    "l14": "an id that is no plain word",
    "p1": "the disk is full while a plan or the journal is written",
    "p2": "the disk fails or is read-only",
    "p4": "the journal is torn or somebody else's",
    "p6": "nobody reads the output, or its terminal knows ASCII only",
    "p7": "a clock is wrong or jumps",
    "c1": "a create was not sent, or was turned away",
    "c2": "a create was sent and got lost",
    "c3": "the answer to a create got lost",
    "c4": "a create takes effect late",
    "c5": "a create takes effect later than the bound",
    "c6": "a field did not stick",
    "c12": "all sixteen metadata entries are in use",
    "u1": "the remote moved since the plan",
    "u3": "the answer to a modify got lost",
    "u4": "a modify finds nothing",
    "u6": "the ownership marker was removed or edited",
    "u7": "the ownership marker is another owner's",
    "d1": "the answer to a deletion got lost",
    "d2": "what is to be deleted has changed",
    "d3": "too much is to be deleted",
    "d4": "manifests are missing or broken",
    "d5": "the list is incomplete, or an outcome is unknown, when something is to be deleted",
    "n1": "Ctrl-C or SIGTERM",
    "n2": "a second signal",
    "n4": "two applies on one machine",
    "n5": "two applies on two machines",
    "n7": "TLS fails",
    "n8": "a redirect",
}
"""Row id to what happens there."""
_IDS = re.compile(r"test((?:_[lpcudn]\d{1,2})+)_")


def bearers() -> dict[str, list[str]]:
    """Row id to the tests of this folder that bear it; a test may bear several."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match = _IDS.match(node.name) if isinstance(node, ast.FunctionDef) else None
            for row in match[1].strip("_").split("_") if match else ():
                found.setdefault(row, []).append(f"{path.name}::{match[0] if match else ''}")
    return found


@pytest.mark.parametrize("row", ROWS)
def test_the_row_has_a_test(row: str) -> None:
    assert row in bearers(), f"no test for {row}: {ROWS[row]}"


def test_no_test_bears_an_id_that_is_no_row() -> None:
    assert bearers().keys() - ROWS.keys() == set()
