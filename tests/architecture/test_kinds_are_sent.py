"""Every kind of notification that people can choose about is sent by something."""

import ast

from accounts.kinds import KINDS
from tests.architecture.test_everything_is_recorded import dotted, sources

NOT_SENT_ONE_BY_ONE = {"waiting"}  # the daily summary, which is mailed by its own service


def words_of_senders() -> set[str]:
    """The texts in calls and constants of modules that tell somebody something."""
    found = set()
    for _, tree in sources():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if not any(dotted(call.func).rpartition(".")[2] in ("notify", "tell", "tell_of_lock") for call in calls):
            continue
        kept = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
        for inside in [*calls, *kept]:
            found |= {
                part.value
                for part in ast.walk(inside)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
    return found


def test_every_kind_has_a_sender():
    assert KINDS.keys() - words_of_senders() - NOT_SENT_ONE_BY_ONE == set()
