"""Weights of a draft from what people say of them: choose a method, answer, see what comes of it, apply."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.weights import METHODS, MOST_PAIRED, PAIRS, TOGETHER, ChooseForm, WeightsForm
from assessments.models import CriteriaVersion
from assessments.services.frameworks import framework_of
from assessments.services.weighing import DIMENSIONS, Group, apply_weights, effects_of, elicit, groups_of
from assessments.views.access import member_required
from assessments.views.criteria.versions import find_version, frame


@dataclass(frozen=True)
class PreviewRow:
    """Shares of 100 in words: now, of every function's answer, and of all together."""

    name: str
    now: str
    said: tuple[str, ...]
    then: str
    change: str
    width: str


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _preview(group: Group, found: dict[str, Any]) -> list[PreviewRow]:
    now, then = group.shares, found["combined"]
    return [
        PreviewRow(
            name,
            _percent(now[key]),
            tuple(_percent(one["weights"][key]) for one in found["functions"].values()),
            _percent(then[key]),
            f"{(then[key] - now[key]) * 100:+.1f}".replace("-", "−"),
            f"{then[key] * 100:.2f}",
        )
        for key, name in group.names.items()
    ]


def _consistency(group: Group, found: dict[str, Any], answering: dict[str, str]) -> list[dict[str, Any]]:
    """How well each function's pairs agree with each other, and what would mend them; empty for other methods."""
    told = []
    for function, one in found["functions"].items():
        judged = one["consistency"]
        if judged is None:
            continue
        ratio = "" if judged["ratio"] is None else f"{judged['ratio']:.2f}"
        repairs = [
            {
                "said": _judged(group, repair["pair"], repair["said"]),
                "implied": _judged(group, repair["pair"], repair["implied"]),
                "nearest": _judged(group, repair["pair"], repair["nearest"]),
                "ratio": f"{repair['ratio']:.2f}",
            }
            for repair in judged["repairs"]
        ]
        told.append({"who": answering[function], "ratio": ratio, "good": judged["acceptable"], "repairs": repairs})
    return told


def _judged(group: Group, pair: Sequence[str], times: float) -> str:
    """ "Capability fit 3 times as important as Supply chain": the more important of the two first."""
    first, second = (group.names[key] for key in pair)
    if abs(times - 1) < 0.05:
        return f"{first} and {second} equally important"
    if times < 1:
        first, second, times = second, first, 1 / times
    return f"{first} {times:.2g} times as important as {second}"


@member_required
@never_cache
@require_http_methods(["GET", "POST"])
def criteria_weights(request, uuid):
    """Only of a draft, and only for who manages criteria."""
    version = find_version(request, uuid)
    if not permissions.can_manage_criteria(request.member) or version.state != CriteriaVersion.State.DRAFT:
        raise Http404
    framework = framework_of(version)
    asked = request.GET
    groups = groups_of(framework)
    group = groups.get(asked.get("group", DIMENSIONS))
    if group is None:
        raise Http404
    method = asked.get("method") if asked.get("method") in METHODS else "direct"
    functions = framework.data.get("functions") or {}
    chosen = {key: functions[key] for key in asked.getlist("functions") if key in functions}
    answering = chosen or {TOGETHER: "Together"}
    query = urlencode([("group", group.key), ("method", method), *(("functions", key) for key in chosen)])
    here = f"{reverse('assessments:criteria_weights', args=[version.uuid])}?{query}"
    form = WeightsForm(
        request.POST if request.method == "POST" else None,
        names=group.names,
        method=method,
        answering=answering,
        now=group.shares,
        initial={"version": version.version},
    )
    context = frame(request, version, "weights") | {
        "choose": ChooseForm(
            initial={"group": group.key, "method": method, "functions": list(chosen)},
            groups={
                key: "The dimensions" if key == DIMENSIONS else f"Criteria of {one.name}" for key, one in groups.items()
            },
            functions=functions,
        ),
        "group": group,
        "method_words": METHODS[method],
        "too_many": method == PAIRS and len(group.names) > MOST_PAIRED,
        "answering": list(answering.values()),
        "form": form,
        "here": here,
    }
    if request.method == "POST" and form.is_valid() and not context["too_many"]:
        try:
            found = elicit(group, form.answers(), form.importance(), answering)
            if request.POST.get("act") == "apply":
                apply_weights(
                    member=request.member,
                    version_id=version.pk,
                    group_key=group.key,
                    answers=form.answers(),
                    importance=form.importance(),
                    seen_version=form.cleaned_data["version"],
                )
                messages.success(request, f"The weights of {group.name} are in the draft.")
                return redirect(here)
            context |= {
                "preview": _preview(group, found),
                "consistency": _consistency(group, found, answering),
                "effects": effects_of(request.member, framework, group.key, found["combined"]),
            }
        except Clash as clash:
            form.add_error(None, f"{clash} What you typed is still here: compare it with the weights now.")
        except Invalid as refused:
            for problem in refused.problems:
                form.add_error(None, problem["message"])
    return render(request, "criteria/weights.html", context, status=422 if form.errors else 200)
