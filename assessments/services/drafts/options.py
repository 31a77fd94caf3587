"""The options of the draft: places where the therapy could be made. The lead adds, renames, orders and removes them."""

from django.db import transaction
from django.db.models import Max

from accounts.audit import record_event
from accounts.letters import fault_in
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import DraftOption, ProfileDraft, Program, Review
from assessments.scoring.language.check import closest
from assessments.scoring.schema import HOSTED
from assessments.services.drafts.rows import count_change, lock_draft, require_version
from assessments.services.frameworks import framework_of
from assessments.services.revisions import problem
from assessments.services.versions import require_seen

MOST_OPTIONS = 12


def _begin(member: Membership, program: Program) -> ProfileDraft:
    draft = lock_draft(program.pk)
    permissions.can_change_options(member.now(), draft.program).require()
    return draft


def _find(draft: ProfileDraft, key: str, seen_version: int | None) -> DraftOption:
    option = draft.options.filter(key=key).first()
    if option is None:
        raise Invalid([problem("options", f"There is no option {key!r} any more.", option=key)])
    moved = f"{option.name} was changed meanwhile."
    require_seen(option.name, seen_version, option.version, moved=moved, current=option.name, attempted=key)
    return option


def _name(draft: ProfileDraft, name: str, but: str = "") -> str:
    """The name, tidied. Raises Invalid for an empty or a long one, or one that another option has."""
    name = " ".join(name.split())
    longest = DraftOption._meta.get_field("name").max_length
    if not name or len(name) > longest or "\x00" in name:
        raise Invalid([problem("name", f"Give the option a name of at most {longest} characters.", value=name)])
    if words := fault_in(name):
        raise Invalid([problem("name", words, value=name)])
    if draft.options.filter(name__iexact=name).exclude(key=but).exists():
        raise Invalid([problem("name", f"There is an option named {name!r} already.", value=name)])
    return name


def _host(draft: ProfileDraft, kind: str, host: str) -> str:
    """The host's key. Raises Invalid for a host that an option of this kind cannot have."""
    wanted = HOSTED.get(kind)
    hosts = list(draft.options.filter(kind=wanted).values_list("key", flat=True)) if wanted else []
    if host and host not in hosts:
        said = f"The host is one of {', '.join(hosts)}." if hosts else "An option of this kind has no host."
        raise Invalid([problem("host", said, value=host)])
    return host or (hosts[0] if hosts else "")


def _record(action: str, draft: ProfileDraft, member: Membership, label: str, old=None, new=None) -> None:
    record_event(
        action,
        organization_id=draft.organization_id,
        actor=member,
        subject=draft,
        label=label,
        program=draft.program,
        old=old,
        new=new,
    )


@transaction.atomic
def add_option(*, member: Membership, program: Program, kind: str, name: str = "", host: str = "") -> DraftOption:
    """Add an option at the end, without facts. Its key is the kind, with a number from the second on.

    host    key of the option whose plant it works in, for kinds that need one; by default the first there is
    Raises  NotAllowed; Invalid for an unknown kind, a name that is taken, or a host of another kind
    """
    draft = _begin(member, program)
    kinds = framework_of(draft.program.criteria_version).schema.kinds
    if kind not in kinds:
        raise Invalid(
            [problem("kind", f"The kind is one of {', '.join(kinds)}.{closest(kind, tuple(kinds))}", value=kind)]
        )
    taken = set(draft.options.values_list("key", flat=True))
    if len(taken) >= MOST_OPTIONS:
        raise Invalid([problem("options", f"A program has at most {MOST_OPTIONS} options.")])
    numbered = (f"{kind}_{number}" for number in range(2, MOST_OPTIONS + 2))
    key = next(one for one in (kind, *numbered) if one not in taken)
    last = draft.options.aggregate(last=Max("position"))["last"]
    option = DraftOption.objects.create(
        organization_id=draft.organization_id,
        draft=draft,
        key=key,
        kind=kind,
        name=_name(draft, name or kinds[kind]),
        host=_host(draft, kind, host),
        position=0 if last is None else last + 1,
        version=count_change(draft, member),
    )
    _record("facts.option_added", draft, member, option.name, new={"option": key, "kind": kind, "name": option.name})
    return option


@transaction.atomic
def change_option(
    *,
    member: Membership,
    program: Program,
    key: str,
    seen_version: int,
    name: str | None = None,
    host: str | None = None,
) -> DraftOption:
    """Rename an option or give it another host; its key stays. Raises NotAllowed, Invalid, Clash."""
    draft = _begin(member, program)
    option = _find(draft, key, seen_version)
    new = {
        "name": option.name if name is None else _name(draft, name, but=key),
        "host": option.host if host is None else _host(draft, option.kind, host),
    }
    old = {"name": option.name, "host": option.host}
    if new == old:
        return option
    draft.options.filter(key=key).update(version=count_change(draft, member), **new)
    _record("facts.option_changed", draft, member, new["name"], {"option": key, **old}, {"option": key, **new})
    return draft.options.get(key=key)


@transaction.atomic
def remove_option(*, member: Membership, program: Program, key: str, seen_version: int) -> None:
    """Remove an option with its facts from the draft; the trail keeps them, and so does every saved revision.

    Raises NotAllowed, Clash; Invalid where the open review compares it
    """
    draft = _begin(member, program)
    option = _find(draft, key, seen_version)
    review = Review.objects.filter(program=draft.program, state__in=Review.TAKES_FACTS, options__key=key).first()
    if review is not None:
        said = f"{review} compares {option.name}. It can be removed once that review is decided or withdrawn."
        raise Invalid([problem("options", said, option=key)])
    facts = {row.field: row.value for row in draft.values.filter(option_key=key)}
    version = count_change(draft, member)
    draft.values.filter(option_key=key).delete()
    draft.options.filter(key=key).delete()
    draft.options.filter(host=key).update(host="", version=version)
    old = {"option": key, "kind": option.kind, "name": option.name, "host": option.host, "facts": facts}
    _record("facts.option_removed", draft, member, option.name, old=old)


@transaction.atomic
def order_options(*, member: Membership, program: Program, keys: list[str], seen_version: int | None = None) -> None:
    """Put the options into this order.

    seen_version  of the draft
    Raises        NotAllowed, Clash; Invalid unless `keys` names each option once
    """
    draft = _begin(member, program)
    require_version(draft, seen_version)
    before = list(draft.options.values_list("key", flat=True))
    if sorted(keys) != sorted(before):
        raise Invalid([problem("options", "Name each option once.", value=keys)])
    if keys == before:
        return
    version = count_change(draft, member)
    for at, key in enumerate(keys):
        draft.options.filter(key=key).exclude(position=at).update(position=at, version=version)
    _record("facts.options_ordered", draft, member, "Options", {"order": before}, {"order": keys})
