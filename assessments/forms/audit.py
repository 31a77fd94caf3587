"""Filters of the audit page."""

from django import forms

from accounts.field_words import Form
from assessments.forms.taking import SeenForm
from assessments.services.audit_trail import LONGEST_NOTE

GROUPS = {
    "people": (
        "People and rights",
        ("member.", "role.", "functions.", "profile.", "token.", "organization."),
    ),
    "criteria": ("Criteria", ("criteria.",)),
    "facts": ("Facts and programs", ("facts.", "program.", "evidence.")),
    "reviews": ("Reviews and ratings", ("review.", "scoring.", "rating.", "value.", "result.")),
    "decisions": (
        "Decisions and signatures",
        ("submission.", "decision.", "signature.", "delegation.", "condition.", "tripwire.", "step."),
    ),
    "reports": (
        "Reports and exports",
        (
            "report.",
            "audit.exported",
            "portfolio.",
            "conditions.exported",
            "submission.downloaded",
            "evidence.downloaded",
        ),
    ),
    "access": ("Sign-in and security", ("session.", "password.", "mfa.", "signing.")),
    "mail": ("Mail", ("outbound.", "mail_settings.")),
    "trail": ("The trail and the records", ("audit.", "records.", "system.")),
}


class AuditFilterForm(Form):
    """Which events: by words, program, review, person, kind of act, days (UTC)."""

    words = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"})
    )
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


class TrailReviewForm(SeenForm):
    """Somebody's word that they reviewed the trail up to a number."""

    through_number = forms.IntegerField(label="Reviewed through number", min_value=1)
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was looked at, and what was found.",
    )
