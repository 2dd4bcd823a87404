"""Why a document has no text; the message is for the person who sent it."""


class Unreadable(Exception):
    """The document is broken, too large, or of a kind that is not read."""
