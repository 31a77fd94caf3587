"""Forms of the criteria pages."""

from django import forms

from assessments.forms.taking import SeenForm
from assessments.forms.versions import SeenVersion
from assessments.services.framework_files import LARGEST_FILE


class ImportForm(SeenForm):
    """A framework as a file or as text; the file wins, and its text is kept in the field for a second try."""

    file = forms.FileField(
        label="A file from this computer",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,text/yaml,application/yaml"}),
    )
    text = forms.CharField(
        label="Or the text itself",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "class": "code", "spellcheck": "false", "wrap": "off"}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file is None:
            return None
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(f"The file has {file.size / 1e6:.1f} MB; a framework has at most 1 MB.")
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is no text in UTF-8. Save it as UTF-8 and try again.")

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not (cleaned.get("file") or (cleaned.get("text") or "").strip()):
            raise forms.ValidationError("Choose a file, or paste the text of a framework.")
        return cleaned


class ReasonForm(SeenForm):
    """Why a version is published or retired."""

    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    version = SeenVersion()

    def __init__(self, *args, label: str, **more):
        super().__init__(*args, **more)
        self.fields["reason"].label = label
