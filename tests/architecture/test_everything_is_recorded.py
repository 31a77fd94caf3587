"""Every service that writes leaves an event in the same transaction, bulk writes included (AT-2, AT-5).

The sources are read, not run: a graph of who calls whom, which functions write rows, and which reach `record_event`. A
function that writes must record, or all that call it must. What is a machine's own bookkeeping is named below, with why.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
READ = ("accounts", "assessments")
LEFT_OUT = ("migrations", "models", "scoring", "reporting", "tests")
RECORDS = {"accounts.audit.record_event", "accounts.audit.record_events"}
ALWAYS = {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
ON_ROWS = {"create", "update", "delete", "save"}  # also words of dicts and files: asked what they are called on
ROWS = {"objects", "filter", "exclude", "all", "select_for_update", "order_by", "visible_to", "using"}

SQL = re.compile(r"\s*(INSERT INTO|UPDATE [\w\"{]|DELETE FROM)")

# Functions that write and record nothing, each with why nobody's act is lost by it.
BOOKKEEPING = {
    "accounts.audit.record_events": "it is the recording",
    "accounts.sealing": "the seal over the events; it has digests of its own",
    "accounts.restoring": "records system.restored in each organization; ended sessions are told by it",
    "accounts.outbound": "notifications and mails in waiting; the act they tell of is recorded by its service",
    "accounts.delivery": "attempts and outcome of a mail, which stand in its own row",
    "accounts.views.notifications": "opens a notification, which marks it as read",
    "accounts.reading": "what a person has read of their own notifications",
    "assessments.api.authentication._note_use": "when a token was used last, at most once a minute",
    "assessments.api.throttling": "counts of requests per token",
    "assessments.api.idempotency": "kept answers, for a day",
    "assessments.jobs": "the queue: leases, attempts, progress; what was asked for is recorded by its service",
    "assessments.services.inputs": "counters that guard an act whose service records it",
    "assessments.services.pruning": "results that nothing refers to, kept answers, spent grants; never records",
    "assessments.services.check_turns": "leases and progress of the check of records, which records what it found",
    "assessments.services.rescore": "computed results: facts of the engine, with digest and versions, nobody's act",
    "assessments.services.deliveries": "owes and works off mails; see accounts.delivery",
    "assessments.services.reminders.remind_in": "notifications of what is due; they tell of acts that are recorded",
    "assessments.services.evidence.prune_orphans": "files that no row refers to; it writes no row",
    "assessments.services.reports.prune_reports": "drafts that a newer file replaced; see assessments.services.pruning",
    "assessments.services.summaries": "mails that say once a day what waits; they tell of acts that are recorded",
    "assessments.services.owing_watches": "counts what watches have still to look at; what moves is recorded by the watch",
    "assessments.services.watches.running.sift": "notes that an unmoved watch was seen; one that moved is recorded by store",
    "assessments.services.demo": "calls the services, which record; moves due times of jobs and titles of the demo's people",
}

# Functions that write and leave it to all that call them to record it, each with the event that tells of its rows. An
# event of a caller tells of the caller's subject: whether it also tells of these, no reading of the sources can say.
TOLD_BY_CALLERS = {
    "accounts.proof.use_code": "signing.granted: the last use of a code, which the grant names among its factors",
    "assessments.services.approvals._open_executive_steps_again": "decision.amended: what was signed is void",
    "assessments.services.criteria._write_rows": "criteria.* of the draft whose rows these are",
    "assessments.services.drafts.rows._follow_options": "as follow",
    "assessments.services.drafts.rows.follow": "facts.saved and facts.draft_reset: the draft says what they say",
    "assessments.services.drafts.rows.new_draft": "program.created: the draft begins with the program",
    "assessments.services.programs._link": "program.member_added and program.lead_appointed",
    "assessments.services.proposals.write": "submission.made and decision.amended name its number and hash",
    "assessments.services.questions.answered": "submission.made; the record holds question and answer",
    "assessments.services.reports._new": "report.asked; the draft that follows a result: report.made",
    "assessments.services.reviews._add_options": "review.opened and review.options_chosen",
    "assessments.services.routes.lay": "submission.made: the steps are those of the route",
    "assessments.services.routes.open_next": "submission.made, signature.given",
    "assessments.services.signing.spend": "signature.given",
    "assessments.services.signing.write_signature": "signature.given",
    "assessments.services.watches.beginning.begin": "decision.made",
    "assessments.services.watches.running._note": "nothing moved: when it was seen; what moves is recorded by store",
}


@dataclass
class Function:
    name: str  # module.function or module.Class.method
    node: ast.FunctionDef
    writes: list[int] = field(default_factory=list)  # lines
    calls: set[str] = field(default_factory=set)
    atomic: bool = False


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for top in READ:
        for path in sorted((ROOT / top).rglob("*.py")):
            if not set(path.relative_to(ROOT).parts) & set(LEFT_OUT):
                yield module_of(path), ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> dict[str, str]:
    """What a name of the module stands for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
    return found


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def is_on_rows(node: ast.expr) -> bool:
    """Whether an expression is a queryset or manager: somewhere in its chain it is asked for rows."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            if node.attr in ROWS:
                return True
            node = node.value
        else:
            return False


def statements_of(tree: ast.Module) -> set[str]:
    """The module's names for SQL that writes."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and any(writes_in_sql(inner) for inner in ast.walk(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def writes_in_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL.match(node.value))


def read_function(
    module: str, prefix: str, node: ast.FunctionDef, names: dict[str, str], local: set[str], statements: set[str]
) -> Function:
    found = Function(f"{module}.{prefix}{node.name}", node)
    found.atomic = any("atomic" in ast.unparse(decorator) for decorator in node.decorator_list)
    for inner in ast.walk(node):
        if isinstance(inner, ast.With):
            found.atomic |= any("atomic" in ast.unparse(item.context_expr) for item in inner.items)
        if writes_in_sql(inner) or (isinstance(inner, ast.Name) and inner.id in statements):
            found.writes.append(inner.lineno)
        # A function that is handed on (a receiver, a callback) counts as called.
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            found.calls.add(f"{module}.{inner.id}" if inner.id in local else names.get(inner.id, ""))
        if isinstance(inner, ast.Attribute):
            path = dotted(inner)
            first, _, rest = path.partition(".")
            if first == "self" and prefix:
                found.calls.add(f"{module}.{prefix}{rest}")
            elif first in names and rest:
                found.calls.add(f"{names[first]}.{rest}")
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            act, on = inner.func.attr, inner.func.value
            rows = act in ALWAYS or (act in ON_ROWS and is_on_rows(on))
            saved = act in ("save", "delete") and isinstance(on, ast.Name) and on.id not in names
            related = act in ON_ROWS - {"update"} and isinstance(on, ast.Attribute) and on.attr.islower()
            if (rows or saved or related) and not is_a_file(on):
                found.writes.append(inner.lineno)
    return found


def is_a_file(node: ast.expr) -> bool:
    return any(word in ast.unparse(node).lower() for word in ("path", "file", "book", "document", "presentation"))


def read_all() -> dict[str, Function]:
    found: dict[str, Function] = {}
    exported: dict[str, str] = {}
    for module, tree in sources():
        names, statements = imports_of(tree), statements_of(tree)
        exported |= {f"{module}.{name}": target for name, target in names.items()}
        local = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                one = read_function(module, "", node, names, local, statements)
                found[one.name] = one
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        one = read_function(module, f"{node.name}.", inner, names, local, statements)
                        found[one.name] = one
    # A name that a package hands on from a module of its own.
    for one in found.values():
        one.calls |= {exported[name] for name in one.calls if name in exported}
    return found


@pytest.fixture(scope="module")
def graph() -> dict[str, Function]:
    return read_all()


@pytest.fixture(scope="module")
def recording(graph) -> set[str]:
    """The functions that reach record_event, by whatever way."""
    reached = set(RECORDS)
    grown = True
    while grown:
        more = {name for name, one in graph.items() if name not in reached and one.calls & reached}
        reached |= more
        grown = bool(more)
    return reached


def excused(name: str) -> str:
    """The entry of BOOKKEEPING that a function falls under."""
    return next((entry for entry in BOOKKEEPING if name == entry or name.startswith(f"{entry}.")), "")


def callers(graph: dict[str, Function], name: str) -> set[str]:
    return {other for other, one in graph.items() if name in one.calls and other != name}


def covered(name: str, graph: dict[str, Function], recording: set[str], seen: frozenset = frozenset()) -> bool:
    """Whether a function records, or everything that calls it does."""
    if name in recording or excused(name):
        return True
    by = callers(graph, name) - seen
    return bool(by) and all(covered(one, graph, recording, seen | {name}) for one in by)


def test_every_function_that_writes_records_or_is_called_by_those_that_do(graph, recording):
    silent = {
        f"{name} (line {one.writes[0]})"
        for name, one in graph.items()
        if one.writes and not covered(name, graph, recording)
    }
    assert silent == set(), "these write rows and leave no event"


def test_what_is_left_to_callers_to_record_is_named_with_the_event_that_tells_of_it(graph, recording):
    left = {name for name, one in graph.items() if one.writes and name not in recording and not excused(name)}
    assert left - TOLD_BY_CALLERS.keys() == set(), (
        "record what these write where it is written, or name the event that tells of it"
    )
    assert TOLD_BY_CALLERS.keys() - left == set(), "these are gone, or record it themselves: take them off the list"


def test_every_transaction_of_a_service_records(graph, recording):
    silent = {
        name
        for name, one in graph.items()
        if one.atomic
        and not name.rpartition(".")[2].startswith("_")
        and name.startswith(("assessments.services.", "accounts."))
        and name not in recording
        and not excused(name)
    }
    assert silent == set(), "these open a transaction of their own and leave no event in it"


def test_the_reading_finds_what_it_looks_for(graph, recording):
    """The means are trusted only as far as they find: known writers, known recorders, and enough of both."""
    writers = {name for name, one in graph.items() if one.writes}
    assert {
        "accounts.people.grant_role",
        "accounts.people.set_functions",  # bulk_create and a queryset's delete
        "assessments.services.criteria.retire",  # a queryset's update
        "assessments.services.programs.remove_member",  # delete of a row
        "accounts.first_passwords.set_first_password",  # save
    } <= writers
    assert {"accounts.people.grant_role", "assessments.services.ratings.rate"} <= recording
    assert "assessments.services.portfolio.rows" not in recording
    assert len(writers) > 60


def test_every_exception_is_still_needed(graph, recording):
    writing = {name for name, one in graph.items() if one.writes or one.atomic}
    unused = {entry for entry in BOOKKEEPING if not any(excused(name) == entry for name in writing)}
    assert unused == set()
