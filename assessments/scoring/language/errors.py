"""What can be wrong with a text of the language, with its place."""


class LanguageError(Exception):
    """A text that is refused before it runs.

    position  offset of the first wrong character, from 0
    """

    def __init__(self, message: str, position: int = 0):
        super().__init__(f"character {position + 1}: {message}")
        self.message, self.position = message, position


class EvaluationError(Exception):
    """A text that met values it has no answer for, such as a division by zero."""
