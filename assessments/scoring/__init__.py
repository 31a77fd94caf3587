"""The engine: rule language, derived quantities, gates, value, weights, verdict.

NumPy and SciPy only; no Django, no database, no clock, no global random state.

`Framework.from_data(document)`, `read_profile(data, schema)`, `headline(Problem(framework, facts, ...))`,
`full(problem, report)`, `batch(framework, programs)`, `elicited(keys, answers)` for weights, and `attribution(before, after)`
for why a margin moved are what the rest calls. A scorecard is JSON-able; numbers are
unrounded, absent ones null:

    engine, software {python, numpy, scipy, machine}, depth, input_digest, seed (hex), bit_generator, draws   provenance
    framework {key, label, digest}
    basis            "facts" or "panel": what lenses, scenarios, robustness and verdict rest on
    options          [{key, kind, name, host}]
    criteria         [key, ..] in the framework's order
    weights          {criterion: share of 1}
    suggestions      {criterion: {option: {score 1..5 or null, reason}}}
    derived          {option: {quantity: number, bool or null}};  program_derived {quantity: ..}
    gates            [{id, name, effect, options, message, condition: {title, owner, due (month)} or null}]
    facts, panel     RESULT (panel null without ratings)
    moved            [{criterion, option, was, now, judgement}]: judged before the facts moved, not yet re-judged
    clipped          [{criterion, option, by ("rule" or "judgement"), unclipped, score}]: cells held within 1 and 5
    lenses           {key: {name, totals {option: points}, winner, runner_up, margin, tied, unblocked}}
    scenarios        {id: {name, question, winner, runner_up, margin, tied, unblocked, kept, totals, blocked_by}}
    robustness       {first_share: {option: {value 0..1, se, n}}, paired: {"a|b": {value, se}} difference on the same draws}
    verdict          {kind, option, runner_up, tied, margin, first_share, scenarios_kept, scenarios, conditions,
                     within_resolution, sentence}; kind is no_credible_option, best_remaining, clear, leaning, close_call
    explanation      [{text, from: [paths]}];  warnings [text];  timings {rules_ms, total_ms}

    RESULT = {options: {key: {total, low, high (points of 100), blocked, blocked_by [gate ids], rank or null,
              dimensions {key: {value 0..100, contribution points}}, scores {criterion: 1..5 or null}}}, order [key, ..],
              certain [[a, b]]: a is better than b whatever the missing cells turn out to be}

At full depth also:

    robustness       {.., any_weights: {draws, generator, options {key: {ranks [{value, se}], confidence (with its _se),
                     central {dimension: share}, beats {key: {value, se}}}, paired {"a|b": {value, se}}}} or null with why_not;
                     ranges {dimensions, criteria: {key: {low, high, below, above, order_low, order_high}}}: shares of a
                     weight in which the first stays first, and the whole order as it is; tornado [{dimension, half, double}]}
    flips            {weights [{dimension, weight, flip, multiplier, option}], scores: see score_flips, facts and opens: see
                     fact_flips}, the smallest change first
    crosschecks      {note, topsis, promethee, promethee_usual}: each {options {key: {value, rank, ..}} or null with why_not,
                     order, winner, same}; see assessments.scoring.crosschecks. They enter no total and no verdict
    counterfactual   {frameworks [{key, name, winner, margin, same}], same, of, why_not_previous}: the lenses, equal weights
                     and, where there is one that can read these facts, the criteria version before (with its digest)
    agreement        where ratings are given: see assessments.scoring.agreement
    risk             where the framework has risk events: see assessments.scoring.risk

A winner is null where the first are tied (`tied` names them). The total of an option with missing cells rests on its
present weights; low and high are what the missing could make of it. The seed comes from the framework's digest, so
that draws are common to every option, edit and program and a change of facts is never a change of luck.
"""
