"""Forms about programs themselves and the acts on their drafts."""

from django import forms

from accounts.models import Membership
from assessments.forms.taking import SeenForm
from assessments.forms.versions import SeenVersion
from assessments.forms.yaml_text import MAX_BYTES, YamlProblem, read_yaml
from assessments.models import CriteriaVersion, DraftOption, ProfileRevision, Program


class ProgramForm(SeenForm):
    """A new program. `member` scopes what can be chosen."""

    name = forms.CharField(
        label="Name", max_length=Program._meta.get_field("name").max_length, help_text="As the organization calls it."
    )
    criteria_version = forms.ModelChoiceField(
        label="Criteria", queryset=CriteriaVersion.objects.none(), empty_label=None,
        help_text="A published version; reviews of the program are held against it.",
    )  # fmt: skip
    lead = forms.ModelChoiceField(
        label="Lead", queryset=Membership.objects.none(), empty_label="Choose a person",
        help_text="Keeps the facts, opens reviews and submits the decision.",
    )  # fmt: skip
    restricted = forms.BooleanField(
        label="Restricted: only its members and the signers of its route may see it", required=False
    )

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        published = CriteriaVersion.objects.filter(
            organization_id=member.organization_id, state=CriteriaVersion.State.PUBLISHED
        )
        self.fields["criteria_version"].queryset = published.select_related("criteria_set").order_by("-pk")
        people = Membership.objects.visible_to(member).active().select_related("user").order_by("user__full_name")
        self.fields["lead"].queryset = people


class PersonForm(SeenForm):
    """A person of the organization, for the members of a program."""

    membership = forms.ModelChoiceField(label="Person", queryset=Membership.objects.none(), to_field_name="uuid")

    def __init__(self, *args, member, program, **kwargs):
        super().__init__(*args, **kwargs)
        people = Membership.objects.visible_to(member).select_related("user").order_by("user__full_name")
        self.fields["membership"].queryset = people
        inside = set(program.members.values_list("membership_id", flat=True))
        self.fields["membership"].choices = [("", "Choose a person")] + [
            (one.uuid, one.name) for one in people.active() if one.pk not in inside
        ]


class SaveForm(SeenForm):
    """Saving the draft as a revision."""

    summary = forms.CharField(
        label="What changed, in a few words", max_length=ProfileRevision._meta.get_field("summary").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    version = SeenVersion()


class OptionForm(SeenForm):
    """An option of the draft; kinds and hosts are given by the schema and the draft."""

    kind = forms.ChoiceField(label="Kind")
    name = forms.CharField(label="Name", max_length=DraftOption._meta.get_field("name").max_length)

    def __init__(self, *args, kinds, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = list(kinds.items())


class ImportForm(SeenForm):
    """A profile file, uploaded or pasted. `document` is its content once the form is valid."""

    file = forms.FileField(
        label="YAML file", required=False, widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json"})
    )
    text = forms.CharField(
        label="Or paste it", required=False, strip=False, max_length=MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )  # fmt: skip

    def clean(self):
        given = super().clean()
        file = given.get("file")
        if file is not None and file.size > MAX_BYTES:
            raise forms.ValidationError(f"The file is larger than {MAX_BYTES // 1024} kB.")
        content = file.read() if file is not None else given.get("text", "")
        if not content.strip():
            raise forms.ValidationError("Choose a file or paste its content.")
        try:
            self.document = read_yaml(content)
        except YamlProblem as problem:
            self.content = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
            raise forms.ValidationError(str(problem)) from None
        self.content = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        return given


class ConfirmImportForm(SeenForm):
    """The previewed content again, now to be saved."""

    text = forms.CharField(strip=False, max_length=MAX_BYTES, widget=forms.HiddenInput)
    summary = SaveForm.base_fields["summary"]
    version = SeenVersion()
