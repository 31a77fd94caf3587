"""The library's forms of the sign-in, whose refusals of a field are in the product's words."""

from allauth.account import forms

from accounts.field_words import OwnWords


class LoginForm(OwnWords, forms.LoginForm):
    pass


class ResetPasswordForm(OwnWords, forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(OwnWords, forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(OwnWords, forms.ReauthenticateForm):
    pass
