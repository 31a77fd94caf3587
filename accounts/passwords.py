"""Password rules beside Django's own."""

from django.core.exceptions import ValidationError


class NotTheProductsName:
    """Refuses passwords built around the product's name: they are the first that are tried."""

    def validate(self, password, user=None):
        if "makewhere" in password.lower():
            raise ValidationError("The password must not contain the product's name.", code="product_name")

    def get_help_text(self):
        return "Your password must not contain the product's name."
