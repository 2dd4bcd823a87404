"""The one error of this package."""


class WeightsError(Exception):
    """Weights cannot be had, or must not be used.

    `message` says what was wrong, `where` the place (a file, a repository, a package), `hint` what
    the reader can do about it.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(
            "\n".join(part for part in (message, where and f"  at: {where}", hint) if part)
        )
