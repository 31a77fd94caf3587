"""What a person asks the portfolio for, in its address."""

from django import forms

from accounts.field_words import Form
from assessments.models import DecisionWatch, Review
from assessments.reporting.result_view import verdict_kind_words
from assessments.services.portfolio import NO_REVIEW, OPEN, SORTS, Wanted

_VERDICTS = ("clear", "leaning", "close_call", "best_remaining", "no_credible_option")


class PortfolioForm(Form):
    """Anything unknown counts as not asked for: an address may be old."""

    q = forms.CharField(label="Program", required=False, max_length=150)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Any state"), (OPEN, "Any open review"), (NO_REVIEW, "No review"), *Review.State.choices],
    )
    verdict = forms.ChoiceField(
        label="Recommendation",
        required=False,
        choices=[("", "Any recommendation"), *((kind, verdict_kind_words(kind)) for kind in _VERDICTS)],
    )
    watch = forms.ChoiceField(
        label="Decisions", required=False, choices=[("", "Any decision"), *DecisionWatch.State.choices]
    )
    mine = forms.BooleanField(label="Only mine", required=False)
    sort = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20)

    def wanted(self) -> Wanted:
        self.is_valid()
        kept = self.cleaned_data
        sort = kept.get("sort", "")
        return Wanted(
            search=kept.get("q", "").strip(),
            state=kept.get("state", ""),
            verdict=kept.get("verdict", ""),
            mine=kept.get("mine", False),
            watch=kept.get("watch", ""),
            sort=sort if sort.removeprefix("-") in SORTS else "name",
        )
