"""Bodies of clients: whatever they are, they are understood or refused."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.requests import DEPTH, BadRequest, asked, batch_inputs, object_of
from fogbank.deployments.esmap.result_cache import canonical

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


documents = values.filter(lambda value: _fits(value)).map(orjson.dumps)


@given(st.binary() | documents)
def test_any_bytes(body: bytes) -> None:
    try:
        found = asked(body)
    except BadRequest:
        return
    assert isinstance(found.model_id, str)
    canonical(found.input)


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def test_what_is_asked() -> None:
    found = asked(b'{"modelId":"m","input":{"text":"x"},"inputs":[1],"options":null,"more":1}')
    assert (found.model_id, found.input, found.inputs) == ("m", {"text": "x"}, [1])
    assert found.options == {}


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [DEPTH - 1, DEPTH, 900])
def test_depth(opening: bytes, closing: bytes, depth: int) -> None:
    inner = opening * depth + b"1" + closing * depth
    body = b'{"modelId":"m","input":' + inner + b"}"
    if depth < DEPTH:
        canonical(asked(body).input)
        return
    with pytest.raises(BadRequest, match="levels deep"):
        asked(body)


def test_many_are_not_deep() -> None:
    body = orjson.dumps({"modelId": "m", "input": {"rows": [[1, {}]] * 1000}})
    assert len(object_of(body)["input"]["rows"]) == 1000


@pytest.mark.parametrize("value", [None, [], {}, "x", 5])
def test_no_inputs(value: Any) -> None:
    with pytest.raises(BadRequest, match="Batch must contain inputs"):
        batch_inputs(value, 10)


def test_too_many_inputs() -> None:
    assert batch_inputs([1] * 10, 10) == [1] * 10
    with pytest.raises(BadRequest, match="Batch size 11 exceeds maximum 10"):
        batch_inputs([1] * 11, 10)
