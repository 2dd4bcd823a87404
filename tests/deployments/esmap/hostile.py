"""Texts that nobody should send, and that must not break anything."""

import pytest

HOSTILE = [
    pytest.param("\x00\x01\x02\x7f\x9b", id="control characters"),
    pytest.param("x" * 2000, id="one very long word"),
    pytest.param("9" * 2000, id="one very long number"),
    pytest.param("?!... --- ;;; ((( )))", id="only punctuation"),
    pytest.param("太阳能发电在中国增长很快。风电也是。", id="Chinese"),
    pytest.param("الطاقة الشمسية في المغرب ٥٠٠ ميغاواط", id="Arabic"),
    pytest.param("👩‍🔬🌞⚡️ 5 GW 👍🏽 e\u0301nergie 3 MW", id="emoji and combining characters"),
    pytest.param("A.B.C.D.E.F. " * 100, id="initials"),
    pytest.param("\n\n\n.\n\n\n", id="blank lines"),
    pytest.param("$ € £ % / per " * 100, id="units without numbers"),
    pytest.param("\u202e5 GW\u200b of\u00a0wind\ufeff", id="invisible characters"),
]
