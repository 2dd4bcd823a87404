import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.engines.base import EngineOverloaded, EngineRefused, EngineUnavailable
from fogbank.engines.batcher import SHORT, Batcher

pytestmark = pytest.mark.anyio

Compute = Callable[[list[int]], list[int]]


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def doubled(items: list[int]) -> list[int]:
    return [2 * item for item in items]


class Recorder:
    """Doubles; remembers the batches; holds the first one while `hold` is set."""

    def __init__(self, *, hold: bool = False, bad: frozenset[int] = frozenset()) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.begun = threading.Event()
        self.bad = bad
        if not hold:
            self.go.set()

    def __call__(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        self.begun.set()
        assert self.go.wait(5)
        if self.bad.intersection(items):
            raise ValueError(f"bad among {items}")
        return doubled(items)

    async def until_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 600), min_size=1, max_size=60),
    st.integers(1, 600),
    st.integers(1, 5),
)
def test_each_gets_its_own_within_the_budget(lengths: list[int], budget: int, parts: int) -> None:
    recorder = Recorder()

    async def main() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            batcher: Batcher[int, int] = Batcher(recorder, executor, max_batch_tokens=budget)
            items = list(enumerate(lengths))
            results = await asyncio.gather(
                *(batcher.submit_all(items[part::parts]) for part in range(parts))
            )
            assert batcher.waiting == 0
            return [result for part in results for result in part]

    results = asyncio.run(main())
    order = [number for part in range(parts) for number in range(len(lengths))[part::parts]]
    assert results == doubled(order)
    assert sorted(item for batch in recorder.batches for item in batch) == sorted(order)
    for batch in recorder.batches:
        sizes = [lengths[item] for item in batch]
        assert len(batch) == 1 or len(batch) * max(sizes) <= budget
        assert max(sizes) <= max(SHORT, 2 * min(sizes))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=40), st.sets(st.integers(0, 39)))
def test_a_bad_item_hurts_no_other(lengths: list[int], bad: set[int]) -> None:
    recorder = Recorder(bad=frozenset(bad))

    async def main() -> list[int | BaseException]:
        with ThreadPoolExecutor(1) as executor:
            batcher: Batcher[int, int] = Batcher(recorder, executor)
            calls = [batcher.submit(item, tokens) for item, tokens in enumerate(lengths)]
            return await asyncio.gather(*calls, return_exceptions=True)

    for item, result in enumerate(asyncio.run(main())):
        if item in bad:
            assert isinstance(result, ValueError)
            assert str(result) == f"bad among [{item}]"
        else:
            assert result == 2 * item


async def test_the_oldest_is_never_starved(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder(hold=True)
    batcher: Batcher[int, int] = Batcher(recorder, executor, max_batch_tokens=100)
    calls = [asyncio.create_task(batcher.submit(0, 10))]
    await recorder.until_begun()
    calls.append(asyncio.create_task(batcher.submit(1, 500)))
    await asyncio.sleep(0)
    calls.extend(asyncio.create_task(batcher.submit(item, 10)) for item in range(2, 30))
    await asyncio.sleep(0)
    recorder.go.set()
    await asyncio.gather(*calls)
    assert recorder.batches[:2] == [[0], [1]]


async def test_what_waits_meanwhile_goes_together(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder(hold=True)
    batcher: Batcher[int, int] = Batcher(recorder, executor)
    calls = [asyncio.create_task(batcher.submit(0, 10))]
    await recorder.until_begun()
    calls.extend(asyncio.create_task(batcher.submit(item, 10)) for item in range(1, 9))
    await asyncio.sleep(0)
    recorder.go.set()
    assert await asyncio.gather(*calls) == doubled(list(range(9)))
    assert [len(batch) for batch in recorder.batches] == [1, 8]


async def test_a_full_queue_refuses_a_request_whole(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder(hold=True)
    batcher: Batcher[int, int] = Batcher(recorder, executor, max_waiting=3)
    first = asyncio.create_task(batcher.submit(0, 1))
    await recorder.until_begun()
    waiting = asyncio.create_task(batcher.submit_all([(1, 1), (2, 1)]))
    await asyncio.sleep(0)
    with pytest.raises(EngineOverloaded, match="2 texts are waiting"):
        await batcher.submit_all([(3, 1), (4, 1)])
    assert batcher.waiting == 2
    with pytest.raises(EngineRefused, match="at most 3"):
        await batcher.submit_all([(item, 1) for item in range(4)])
    recorder.go.set()
    assert (await first, await waiting) == (0, [2, 4])


async def test_cancelling_takes_out_what_waits(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder(hold=True)
    batcher: Batcher[int, int] = Batcher(recorder, executor)
    first = asyncio.create_task(batcher.submit(0, 1))
    await recorder.until_begun()
    gone = asyncio.create_task(batcher.submit_all([(1, 1), (2, 1)]))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert batcher.waiting == 0
    first.cancel()
    recorder.go.set()
    assert await batcher.submit(3, 1) == 6
    assert recorder.batches == [[0], [3]]


async def test_closing_fails_the_waiters_and_finishes_the_batch(
    executor: ThreadPoolExecutor,
) -> None:
    recorder = Recorder(hold=True)
    batcher: Batcher[int, int] = Batcher(recorder, executor)
    first = asyncio.create_task(batcher.submit(0, 1))
    await recorder.until_begun()
    waiting = asyncio.create_task(batcher.submit(1, 1))
    await asyncio.sleep(0)
    closing = asyncio.create_task(batcher.close())
    with pytest.raises(EngineUnavailable):
        await waiting
    recorder.go.set()
    await closing
    assert await first == 0
    with pytest.raises(EngineUnavailable):
        await batcher.submit(2, 1)


async def test_a_batch_is_not_retried_after_closing(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder(hold=True, bad=frozenset({1}))
    batcher: Batcher[int, int] = Batcher(recorder, executor)
    calls = [asyncio.create_task(batcher.submit(item, 1)) for item in range(2)]
    await recorder.until_begun()
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    recorder.go.set()
    await closing
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, EngineUnavailable)


@pytest.mark.parametrize("count", [0, 3])
async def test_a_wrong_number_of_results_is_an_error(
    executor: ThreadPoolExecutor, count: int
) -> None:
    batcher: Batcher[int, int] = Batcher(lambda items: [0] * count, executor)
    with pytest.raises(RuntimeError, match=f"gave {count} results"):
        await batcher.submit(1, 1)


async def test_nothing_submitted_is_nothing_computed(executor: ThreadPoolExecutor) -> None:
    recorder = Recorder()
    assert await Batcher(recorder, executor).submit_all([]) == []
    assert recorder.batches == []
