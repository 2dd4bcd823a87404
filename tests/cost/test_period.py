"""From when on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.period import instant, moment

NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("30d", NOW - timedelta(days=30)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T06:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("2026-11-01T06:00:00+02:00", datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_what_is_meant(text: str, meant: datetime) -> None:
    assert moment(text, NOW) == meant
    assert moment(text, NOW).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "soon", "-1d", "12", "2026-13-01", "20261101", "0001-01-01T00:00+14:00", "1d\n"]
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(ValueError, match="expected hours or days such as 12h or 7d, or a date"):
        moment(text, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_again(at: datetime) -> None:
    assert moment(instant(at), NOW) == at
