"""Forms of the people pages."""

from zoneinfo import available_timezones

from django import forms

from accounts import letters, names
from accounts.field_words import Form
from accounts.kinds import KINDS
from accounts.models import ApiToken, NotificationSetting, RoleGrant
from accounts.people import LONGEST_TOKEN_DAYS

ROLE_WORDS = {
    "viewer": "reads programs, results and reports",
    "assessor": "rates by assignment, keeps the facts of their functions",
    "approver": "signs executive steps, reads the audit trail",
    "admin": "manages people, criteria and settings",
    "auditor": "reads approved records and the audit trail",
}


def role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_WORDS[role.value]}") for role in RoleGrant.Role]


def a_name(text: str) -> None:
    """A validator: raises ValidationError for a name that nobody may have."""
    if fault := names.fault_in(text):
        raise forms.ValidationError(fault)


def all_seen(text: str) -> None:
    """A validator: raises ValidationError for a text with characters that nobody sees."""
    if fault := letters.fault_in(text):
        raise forms.ValidationError(fault)


class AddPersonForm(Form):
    """Somebody new in the organization."""

    email = forms.EmailField(
        label="E-mail", max_length=254, validators=[all_seen], help_text="With which the person signs in."
    )
    full_name = forms.CharField(label="Name", max_length=150, validators=[a_name])
    title = forms.CharField(label="Title", max_length=120, required=False, validators=[all_seen])
    roles = forms.MultipleChoiceField(label="Roles", required=False, widget=forms.CheckboxSelectMultiple)
    functions = forms.MultipleChoiceField(label="Speaks for", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, functions, **more):
        super().__init__(*args, **more)
        self.fields["roles"].choices = role_choices()
        self.fields["functions"].choices = [(function.key, function.name) for function in functions]


class FunctionsForm(Form):
    """The functions that a person speaks for."""

    functions = forms.MultipleChoiceField(label="Speaks for", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, functions, **more):
        super().__init__(*args, **more)
        self.fields["functions"].choices = [(function.key, function.name) for function in functions]


class FindForm(Form):
    """Search and filters of the list."""

    q = forms.CharField(label="Name, e-mail or title", required=False, max_length=100)
    role = forms.ChoiceField(label="Role", required=False)
    function = forms.ChoiceField(label="Function", required=False)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "Active"), ("inactive", "Deactivated"), ("all", "All")]
    )

    def __init__(self, *args, functions, **more):
        super().__init__(*args, **more)
        self.fields["role"].choices = [("", "Any role"), *RoleGrant.Role.choices]
        self.fields["function"].choices = [("", "Any function"), *((row.key, row.name) for row in functions)]


class ProfileForm(Form):
    """What people say about themselves."""

    full_name = forms.CharField(
        label="Name", max_length=150, validators=[a_name], help_text="Printed with your signatures from now on."
    )
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="For mail and reports; pages show the time of this computer."
    )

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]


class TokenForm(Form):
    """A new API token."""

    name = forms.CharField(label="What it is for", max_length=80, validators=[all_seen])
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[("read", "read: see what you may see"), ("write", "write: change what you may change")],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(label="Lasts", min_value=1, max_value=LONGEST_TOKEN_DAYS, initial=90)

    def clean_scopes(self):
        chosen = self.cleaned_data["scopes"]
        return tuple(scope for scope in ApiToken.SCOPES if scope in chosen)


class MailForm(Form):
    """How one hears of each kind by mail; one field for each kind that people choose for themselves."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        for kind in KINDS.values():
            if not kind.fixed:
                self.fields[kind.name] = forms.ChoiceField(
                    label=kind.title,
                    help_text=kind.about,
                    choices=[(way, NotificationSetting.Mail(way).label) for way in kind.ways],
                    widget=forms.RadioSelect,
                )


class FirstPasswordForm(Form):
    """One's own first password, with the code of the link."""

    code = forms.CharField(
        label="Code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-from-hash": ""}),
        help_text="The part of the link after the # sign.",
    )
    password = forms.CharField(
        label="New password",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters, not one that others often use.",
    )
    again = forms.CharField(
        label="The same again",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("password") and cleaned.get("again") and cleaned["password"] != cleaned["again"]:
            self.add_error("again", "The two passwords differ.")
        return cleaned
