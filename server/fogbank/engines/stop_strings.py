"""Stop strings over a text that comes in pieces, for engines that have none of their own."""


class StopStrings:
    """Passes text on up to the first stop string; the stop string itself is never shown.

    What may yet become a stop string is held back, so pieces come out later than they went in.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def push(self, piece: str) -> str:
        """The text that can be shown now. After `stopped` there is no more."""
        if self.stopped:
            return ""
        text = self._held + piece
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        safe = len(text) - self._doubtful(text)
        self._held = text[safe:]
        return text[:safe]

    def flush(self) -> str:
        """What was held back, once nothing follows."""
        text, self._held = self._held, ""
        return text

    def _doubtful(self, text: str) -> int:
        """Length of the longest end of the text that begins a stop string."""
        for length in range(min(len(text), max(map(len, self._stops), default=1) - 1), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stops):
                return length
        return 0
