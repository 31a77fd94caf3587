"""Columns of names and of texts that are signed or printed: what is in them is seen, whichever way it came.

Forms and requests say so at their fields; this is for what comes by another way.
"""

from typing import Any

from django.db import models

from accounts.letters import fault_in
from assessments.errors import Invalid


class AsStored(str):
    """A text that is in the database already and is written again as it is: nobody gave it just now, so nobody is asked
    about what is in it. Rows from before the rule may hold what is not seen."""

    __slots__ = ()


class _Seen(models.Field):
    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Raises Invalid for a text with characters that nobody sees, naming the column; not for one `AsStored`."""
        if isinstance(value, AsStored):
            value = str(value)
        elif isinstance(value, str) and (fault := fault_in(value)):
            raise Invalid([{"field": self.name, "option": "", "value": value, "message": fault}])
        return super().get_db_prep_save(value, connection)

    def deconstruct(self) -> Any:
        """As Django's own, which the database sees: migrations know nothing of characters."""
        name, _, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self.get_internal_type()}", args, kwargs


class SeenChars(_Seen, models.CharField):
    pass


class SeenText(_Seen, models.TextField):
    pass
