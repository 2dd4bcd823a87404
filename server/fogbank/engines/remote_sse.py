"""Server-sent events out of bytes that are cut anywhere."""

MAX_EVENT_BYTES = 16 * 1024 * 1024


class SseReader:
    """Collects the `data` of events; comments and other fields are skipped."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def push(self, piece: bytes) -> list[bytes]:
        """The data of every event that this piece ends, its lines joined by a line feed.

        Raises ValueError for an event above MAX_EVENT_BYTES.
        """
        # A carriage return alone never ends a line here: servers write \n or \r\n.
        *ended, rest = piece.split(b"\n")
        events = []
        for line in ended:
            self._line += line
            data = self._end_line()
            if data is not None:
                events.append(data)
        self._line += rest
        if self._size + len(self._line) > MAX_EVENT_BYTES:
            raise ValueError(f"an event of more than {MAX_EVENT_BYTES} bytes")
        return events

    def _end_line(self) -> bytes | None:
        line = bytes(self._line).removesuffix(b"\r")
        self._line.clear()
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(value)
            return None
        data = b"\n".join(self._data) if self._data else None
        self._data.clear()
        self._size = 0
        return data
