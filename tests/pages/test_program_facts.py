"""The facts page: saved field by field with and without scripting, clashes and refusals lose nothing."""

import datetime
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import DraftValue, ProfileRevision
from assessments.services import drafts
from tests.services.facts_world import FactsWorld
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def filled_world():
    world = FactsWorld()
    world.fill()
    return world


begun, world = shared(filled_world)


def browser(member):
    client = Client()
    client.force_login(member.user)
    return client


def url(world, name="program_facts", *args, **query):
    address = reverse(f"assessments:{name}", args=[world.program.uuid, *args])
    return address + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def text(response):
    return " ".join(response.content.decode().split())


def stored(world, field, option=""):
    return DraftValue.objects.get(draft__program=world.program, field=field, option_key=option)


def autosave(client, world, field, value, version, option="", **more):
    name = f"{option}.{field}" if option else field
    return client.post(
        url(world, "program_fact", field=field, option=option),
        {name: value, f"{name}.version": version} | more,
        headers={"HX-Request": "true"},
    )


# -- autosave -----------------------------------------------------------------------------------------------------


def test_an_edit_answers_with_the_new_version_and_what_followed(world):
    client = browser(world.lead)
    answer = autosave(client, world, "open_steps", "9", stored(world, "open_steps").version)
    now = stored(world, "open_steps")
    assert answer.status_code == 200 and now.value == 9
    page = text(answer)
    assert f'name="open_steps.version" value="{now.version}"' in page
    assert "1 change since Revision 1" in page
    assert 'id="implied"' in page and "hx-swap-oob" in page and "In-house" in page
    assert f'id="save-version" name="version" value="{drafts.read_draft(world.program).version}"' in page


def test_an_impossible_value_answers_422_and_names_what_the_draft_still_says(world):
    seen = stored(world, "open_steps").version
    answer = autosave(browser(world.lead), world, "open_steps", "many", seen)
    assert answer.status_code == 422
    assert "Open" in text(answer) and "is a number" in text(answer) and "The draft still says 14" in text(answer)
    assert stored(world, "open_steps").version == seen


def test_a_clash_answers_409_with_both_values_and_mine_can_be_sent_again(world):
    seen = stored(world, "open_steps").version
    drafts.edit_field(member=world.cmc, program=world.program, field="open_steps", value=9, seen_version=seen)
    client = browser(world.lead)
    answer = autosave(client, world, "open_steps", "11", seen)
    page = text(answer)
    assert answer.status_code == 409
    assert "<dt>Yours</dt><dd>11</dd>" in page and "<dt>Theirs</dt><dd>9" in page and "by Cmc Ode" in page
    now = stored(world, "open_steps")
    assert now.value == 9 and f'name="open_steps.version" value="{now.version}"' in page
    assert autosave(client, world, "open_steps", "11", now.version).status_code == 200
    theirs = client.get(url(world, "program_fact", field="open_steps", option=""), headers={"HX-Request": "true"})
    assert 'value="11"' in text(theirs)


@pytest.mark.parametrize(
    "field, option, sent, value",
    [
        ("lot_success_pct", "", "91.5", 91.5),
        ("lot_success_pct", "", "", None),
        ("ind_month", "", "", None),
        ("potency_status", "", "validated", "validated"),
        ("qp_access", "", "true", True),
        ("regions", "", ["us", "japan"], ["us", "japan"]),
        ("regions", "", [], []),
        ("sponsor_type", "", "Größe & Söhne <b>", "Größe & Söhne <b>"),
        ("assessment_date", "", "2026-02-01", "2026-02-01"),
        ("commercial_capable", "hybrid", "false", False),
        ("partner_regions", "cdmo", ["eu"], ["eu"]),
    ],
)
def test_every_kind_of_control_saves_its_value(world, field, option, sent, value):
    answer = autosave(browser(world.lead), world, field, sent, stored(world, field, option).version, option)
    assert answer.status_code == 200
    assert stored(world, field, option).value == value
    page = browser(world.lead).get(url(world, section=_section(world, field)))
    assert "<b>" not in page.content.decode()


def _section(world, field):
    return drafts.read_draft(world.program).schema.fields[field].section


def test_entries_of_a_list_are_added_changed_and_dropped(world):
    client, name = browser(world.lead), "planned_changes"
    rows = [("12", "major", "scale-up"), ("18", "minor", "fill"), ("20", "minor", "label"), ("", "", "")]
    data = {
        f"{name}.{at}.{key}": part
        for at, row in enumerate(rows)
        for key, part in zip(("month", "impact", "text"), row, strict=True)
    }
    answer = autosave(client, world, name, "", stored(world, name).version, **data)
    assert answer.status_code == 200
    assert [entry["text"] for entry in stored(world, name).value] == ["scale-up", "fill", "label"]
    data[f"{name}.2.month"] = "soon"
    answer = autosave(client, world, name, "", stored(world, name).version, **data)
    assert answer.status_code == 422 and "Entry 3 of Planned process changes" in text(answer)
    answer = autosave(client, world, name, "", stored(world, name).version, **data, drop=f"{name}.2")
    assert answer.status_code == 200
    assert [entry["text"] for entry in stored(world, name).value] == ["scale-up", "fill"]
    page = text(client.get(url(world, section="evidence")))
    assert "Jan 2027" in page and "Jul 2027" in page, "months 12 and 18 of January 2026"


def test_a_dated_fact_shows_its_day_and_takes_another(world):
    client = browser(world.supply)
    answer = autosave(client, world, "market_state", "tight", stored(world, "market_state").version)
    day = stored(world, "market_state").as_of.isoformat()
    assert f'name="market_state.as_of" value="{day}"' in text(answer)
    more = {"market_state.as_of": "2025-01-31", "market_state.as_of.was": day}
    answer = autosave(client, world, "market_state", "tight", stored(world, "market_state").version, **more)
    assert stored(world, "market_state").as_of == datetime.date(2025, 1, 31)
    assert "older than 180 days" in text(answer)


def test_who_may_not_edit_reads_and_is_refused(world):
    client = browser(world.viewer)
    page = text(client.get(url(world, section="process")))
    assert "hx-post" not in page and "Save revision" not in page
    refused = autosave(client, world, "open_steps", "9", stored(world, "open_steps").version)
    assert refused.status_code == 403 and stored(world, "open_steps").value == 14
    page = text(browser(world.cmc).get(url(world, section="process")))
    assert "hx-post" in page


def test_prices_are_not_on_the_page_without_the_right(world):
    page = text(browser(world.cmc).get(url(world, section="economics")))
    assert "560" not in page and "cdmo_kusd_lot" not in page
    assert autosave(browser(world.cmc), world, "cdmo_kusd_lot", "1", 1, "cdmo").status_code == 404
    assert 'value="560"' in text(browser(world.finance).get(url(world, section="economics")))


def test_an_unknown_section_or_fact_is_not_there(world):
    client = browser(world.lead)
    assert client.get(url(world, section="nowhere")).status_code == 404
    assert client.post(url(world, "program_fact", field="opn_steps", option="")).status_code == 404
    assert client.post(url(world, "program_fact", field="cdmo_sites", option="mars")).status_code == 404


# -- without scripting --------------------------------------------------------------------------------------------


def as_the_page_had_it(world, member, section):
    """What a browser without scripting posts when nothing was touched."""
    page = browser(member).get(url(world, section=section))
    data = {"section": section}
    view = page.context["section"]
    for row in [*view.rows, *view.option_rows]:
        for fact in row.cells:
            if fact is None or not fact.editable:
                continue
            data[f"{fact.name}.version"], data[f"{fact.name}.was"] = fact.version, fact.was
            if fact.field.type == "list":
                for entry in fact.entries:
                    data |= {part["name"]: part["value"] for part in entry["inputs"]}
            else:
                data[fact.name] = fact.raw
            if fact.field.dated:
                data[f"{fact.name}.as_of"] = data[f"{fact.name}.as_of.was"] = fact.as_of
    return data


def test_an_untouched_section_saves_nothing_even_if_others_changed_it_meanwhile(world):
    for section in ("process", "evidence", "partner", "demand"):
        data = as_the_page_had_it(world, world.lead, section)
        if section == "process":
            drafts.edit_field(
                member=world.cmc, program=world.program, field="open_steps", value=9,
                seen_version=stored(world, "open_steps").version,
            )  # fmt: skip
        before = list(DraftValue.objects.order_by("pk").values_list("version", flat=True))
        answer = browser(world.lead).post(url(world), data, follow=True)
        assert answer.status_code == 200 and "Nothing was changed" in text(answer)
        assert list(DraftValue.objects.order_by("pk").values_list("version", flat=True)) == before


def test_a_section_saves_what_is_right_and_keeps_what_was_typed_of_the_rest(world):
    data = as_the_page_had_it(world, world.lead, "demand")
    data |= {"lots_now": "11", "lots_m24": "plenty", "cdmo.capacity_lots_y": "71", "reserve_months": "7"}
    drafts.edit_field(
        member=world.supply, program=world.program, field="reserve_months", value=2,
        seen_version=stored(world, "reserve_months").version,
    )  # fmt: skip
    answer = browser(world.lead).post(url(world), data)
    page = text(answer)
    assert answer.status_code == 409
    assert stored(world, "lots_now").value == 11 and stored(world, "capacity_lots_y", "cdmo").value == 71
    assert stored(world, "reserve_months").value == 2
    assert (
        'value="plenty"' in page and "<dt>Theirs</dt><dd>2 months" in page and 'name="reserve_months" value="7"' in page
    )
    alone = as_the_page_had_it(world, world.lead, "demand") | {"lots_m24": "plenty"}
    assert browser(world.lead).post(url(world), alone).status_code == 422


# -- saving, confirming, re-anchoring -----------------------------------------------------------------------------


def test_saving_asks_for_a_summary_names_what_lacks_and_links_to_it(world):
    client = browser(world.lead)
    for field in ("open_steps", "market_state"):
        autosave(client, world, field, "", stored(world, field).version)
    version = drafts.read_draft(world.program).version
    answer = client.post(url(world, "program_save"), {"summary": "", "version": version})
    assert answer.status_code == 422 and "data-open-now" in text(answer)
    answer = client.post(url(world, "program_save"), {"summary": "Half", "version": version})
    page = text(answer)
    assert answer.status_code == 422 and 'value="Half"' in page
    assert "2 things to mend first" in page and "section=process#fact-open_steps" in page
    autosave(client, world, "open_steps", "9", stored(world, "open_steps").version)
    answer = client.post(url(world, "program_save"), {"summary": "Half", "version": version})
    assert answer.status_code == 409 and ProfileRevision.objects.count() == 1
    autosave(client, world, "market_state", "tight", stored(world, "market_state").version)
    version = drafts.read_draft(world.program).version
    answer = client.post(url(world, "program_save"), {"summary": "Whole", "version": version})
    assert answer.status_code == 302 and ProfileRevision.objects.get(number=2).summary == "Whole"
    answer = client.post(url(world, "program_save"), {"summary": "Whole", "version": version})
    assert answer.status_code == 409, "nothing is left to save"


def test_re_anchoring_is_previewed_done_and_confirmed_on_the_pages(world):
    client = browser(world.lead)
    page = text(client.get(url(world, "program_re_anchor")))
    months = (datetime.datetime.now(datetime.UTC).date() - datetime.date(2026, 1, 15)).days // 31
    assert months > 0 and "First GMP lot needed" in page and "Runway" in page
    assert stored(world, "need_gmp_month").value == 16, "a look changes nothing"
    version = drafts.read_draft(world.program).version
    stale = client.post(url(world, "program_re_anchor"), {"version": version - 1})
    assert stale.status_code == 409 and stored(world, "need_gmp_month").value == 16
    assert client.post(url(world, "program_re_anchor"), {"version": version}).status_code == 302
    assert stored(world, "need_gmp_month").value < 16
    page = text(client.get(url(world, section="economics")))
    assert "to confirm" in page and "It still holds" in page
    runway = stored(world, "runway_months")
    answer = client.post(
        url(world, "fact_confirm", field="runway_months", option=""),
        {"runway_months.version": runway.version},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "It still holds" not in text(answer)
    assert stored(world, "runway_months").to_confirm is False
    row = stored(world, "cdmo_slot_wait_months", "cdmo")
    answer = client.post(
        url(world, "fact_confirm", field="cdmo_slot_wait_months", option="cdmo"),
        {"cdmo.cdmo_slot_wait_months.version": row.version - 1},
    )
    assert answer.status_code == 409 and stored(world, "cdmo_slot_wait_months", "cdmo").to_confirm is True


def test_options_are_added_changed_moved_and_removed_on_the_page(world):
    client = browser(world.lead)
    client.post(url(world, "option_add"), {"kind": "cdmo", "name": "Partner B"})
    option = world.program.draft.options.get(key="cdmo_2")
    taken = client.post(url(world, "option_add"), {"kind": "cdmo", "name": "partner b"})
    assert taken.status_code == 422 and "already" in text(taken) and 'value="partner b"' in text(taken)
    stale = client.post(url(world, "option_change", "cdmo_2"), {"name": "Partner C", "version": option.version - 1})
    assert stale.status_code == 409 and 'value="Partner C"' in text(stale)
    client.post(url(world, "option_change", "cdmo_2"), {"name": "Partner C", "version": option.version})
    client.post(
        url(world, "option_change", "hybrid"),
        {"host": "cdmo_2", "version": world.program.draft.options.get(key="hybrid").version},
    )
    assert world.program.draft.options.get(key="hybrid").host == "cdmo_2"
    version = drafts.read_draft(world.program).version
    client.post(url(world, "option_move", "cdmo_2"), {"to": "up", "version": version})
    assert [o.key for o in world.program.draft.options.all()] == ["in_house", "cdmo", "cdmo_2", "hybrid"]
    page = text(client.get(url(world, section="partner")))
    assert 'name="cdmo.cdmo_sites"' in page and 'name="cdmo_2.cdmo_sites"' in page, "side by side"
    option = world.program.draft.options.get(key="cdmo_2")
    client.post(url(world, "option_remove", "cdmo_2"), {"version": option.version})
    assert not world.program.draft.options.filter(key="cdmo_2").exists()


def test_queries_do_not_grow_with_options_or_revisions(world):
    client = browser(world.lead)

    def queries(address):
        client.get(address)
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    few = {section: queries(url(world, section=section)) for section in ("partner", "economics", "options")}
    few["detail"] = queries(url(world, "program_detail"))
    for name in ("B", "C", "D", "E"):
        drafts.add_option(member=world.lead, program=world.program, kind="cdmo", name=f"Partner {name}")
    for _ in range(3):
        world.fill()
        drafts.add_option(member=world.lead, program=world.program, kind="cdmo", name="Partner B")
    many = {section: queries(url(world, section=section)) for section in ("partner", "economics", "options")}
    many["detail"] = queries(url(world, "program_detail"))
    assert many == few
    assert max(few.values()) <= 22


def test_the_raw_content_of_a_control_means_the_value_it_shows(world):
    from assessments.forms import facts as raw_facts

    for cell in drafts.read_draft(world.program).cells:
        raw = raw_facts.shown(cell.field, cell.value)
        assert raw_facts.typed(cell.field, raw) == cell.value, cell.name
        assert json.loads(raw_facts.kept_raw(raw)) == raw


# -- what others change ---------------------------------------------------------------------------------------------


def moved_since(client, world, version, section, options=""):
    return client.get(url(world, "facts_moved", section=section, since=version, options=options))


def test_an_open_page_gets_the_facts_that_others_changed_and_no_others(world):
    section = stored_field(world, "open_steps").section
    seen = draft_version(world)
    autosave(browser(world.lead), world, "open_steps", "9", stored(world, "open_steps").version)
    answer = text(moved_since(browser(world.admin), world, seen, section))
    assert 'id="fact-open_steps" data-autosave hx-swap-oob="true"' in answer
    assert answer.count('class="fact"') == 1
    assert f"since={seen + 1}" in answer
    assert 'class="fact"' not in text(moved_since(browser(world.admin), world, seen + 1, section))


def test_the_tag_of_a_draft_moves_with_every_change_alone(world):
    client = browser(world.lead)
    first = client.get(url(world, "draft_state"))
    again = client.get(url(world, "draft_state"), headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    autosave(client, world, "open_steps", "9", stored(world, "open_steps").version)
    then = client.get(url(world, "draft_state"), headers={"If-None-Match": first.headers["ETag"]})
    assert then.status_code == 200 and then.headers["ETag"] != first.headers["ETag"]


def test_prices_that_others_change_reach_those_alone_who_may_see_them(world):
    cell = next(
        cell
        for cell in drafts.read_draft(world.program).cells
        if cell.field.commercial and cell.option_key == "cdmo" and isinstance(cell.value, int | float)
    )
    seen, field = draft_version(world), cell.field
    drafts.edit_field(
        member=world.lead,
        program=world.program,
        field=field.key,
        option_key="cdmo",
        value=cell.value + 1,
        seen_version=cell.version,
    )
    for member, shown in ((world.finance, True), (world.cmc, False)):
        answer = text(moved_since(browser(member), world, seen, field.section))
        assert (f'id="fact-cdmo--{field.key}"' in answer) is shown


def test_a_page_is_told_when_the_options_changed_under_it(world):
    seen = draft_version(world)
    drafts.add_option(member=world.lead, program=world.program, kind="cdmo", name="Partner Two")
    assert "The options were changed meanwhile" in text(moved_since(browser(world.cmc), world, seen, "need"))


def draft_version(world):
    return drafts.read_draft(world.program).version


def framework_schema(world):
    return drafts.read_draft(world.program).schema


def stored_field(world, key):
    return framework_schema(world).fields[key]
