"""Filters of the audit page."""

from django import forms

GROUPS = {
    "people": (
        "People and rights",
        ("member.", "role.", "functions.", "profile.", "password.", "token.", "organization.", "audit."),
    ),
    "criteria": ("Criteria", ("criteria.",)),
    "facts": ("Facts and programs", ("facts.", "program.", "evidence.")),
    "reviews": ("Reviews and ratings", ("review.", "scoring.", "rating.", "value.", "result.")),
    "decisions": (
        "Decisions and signatures",
        ("submission.", "decision.", "signature.", "condition.", "tripwire.", "step."),
    ),
    "reports": ("Reports", ("report.",)),
}


class AuditFilterForm(forms.Form):
    """Which events: by program, review, person, kind of act, days (UTC)."""

    program = forms.ChoiceField(required=False)
    review = forms.UUIDField(required=False, widget=forms.HiddenInput)
    person = forms.ChoiceField(required=False)
    acts = forms.ChoiceField(
        required=False, choices=[("", "Every act"), *((k, words) for k, (words, _) in GROUPS.items())]
    )
    since = forms.DateField(label="From (UTC)", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To (UTC)", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, programs, people, **more):
        super().__init__(*args, **more)
        self.fields["program"].choices = [("", "Every program"), *((str(p.uuid), p.name) for p in programs)]
        self.fields["person"].choices = [("", "Everyone"), *((str(one.uuid), one.name) for one in people)]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("since") and cleaned.get("until") and cleaned["since"] > cleaned["until"]:
            self.add_error("until", "This day comes before the first.")
        return cleaned
