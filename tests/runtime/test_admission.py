"""Permits: never more than allowed, first come first, and none lost to a cancellation."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.runtime.admission import Admission, Refused

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.booleans()),
        st.tuples(st.just("finish"), st.integers(0, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("settle"), st.none()),
    ),
    max_size=60,
)


@given(concurrent=st.integers(1, 3), waiting=st.integers(0, 3), steps=STEPS)
def test_it_is_a_bounded_queue(
    concurrent: int, waiting: int, steps: list[tuple[str, int | bool | None]]
) -> None:
    asyncio.run(_play(concurrent, waiting, steps))


async def _play(concurrent: int, waiting: int, steps: list[tuple[str, int | bool | None]]) -> None:
    admission = Admission(concurrent, waiting)
    arrived: list[int] = []
    admitted: list[int] = []
    inside: set[int] = set()
    leave: dict[int, asyncio.Event] = {}
    tasks: dict[int, asyncio.Task[None]] = {}

    async def visit(number: int, wait: bool) -> None:
        async with admission.permit(wait=wait):
            admitted.append(number)
            inside.add(number)
            assert len(inside) <= concurrent
            try:
                await leave[number].wait()
            finally:
                inside.discard(number)

    for name, value in steps:
        if name == "arrive":
            number = len(tasks)
            leave[number] = asyncio.Event()
            tasks[number] = asyncio.create_task(visit(number, bool(value)))
            arrived.append(number)
        elif name == "settle":
            await _settle()
        elif tasks:
            chosen = int(value or 0) % len(tasks)
            if name == "finish":
                leave[chosen].set()
            else:
                tasks[chosen].cancel()
        assert admission.waiting <= waiting
    for event in leave.values():
        event.set()
    ended = await asyncio.gather(*tasks.values(), return_exceptions=True)
    for error in ended:
        assert error is None or isinstance(error, Refused | asyncio.CancelledError)
    assert admitted == sorted(admitted)
    assert admission.waiting == 0
    for _ in range(concurrent):  # every permit came back
        await admission._acquire(False)
    with pytest.raises(Refused):
        await admission._acquire(False)


async def _settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_waiter_cancelled_and_passed_over_in_the_same_turn() -> None:
    admission = Admission(1, 1)

    async def visit() -> None:
        async with admission.permit():
            pass

    async with admission.permit():
        waiter = asyncio.create_task(visit())
        await _settle()
        waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    async with admission.permit(wait=False):
        pass


@pytest.mark.contract("1.1")
@pytest.mark.anyio
async def test_who_would_not_wait_is_refused_at_once() -> None:
    admission = Admission(1, 5)
    async with admission.permit():
        with pytest.raises(Refused):
            async with admission.permit(wait=False):
                pass
        assert admission.waiting == 0


@pytest.mark.anyio
@pytest.mark.parametrize(("concurrent", "low"), [(1, 1), (2, 1), (4, 3), (8, 6), (32, 24)])
async def test_low_priority_leaves_permits_free(concurrent: int, low: int) -> None:
    admission = Admission(concurrent, 0)
    for _ in range(low):
        await admission._acquire(False, True)
    with pytest.raises(Refused):
        await admission._acquire(False, True)
    for _ in range(concurrent - low):
        await admission._acquire(False)
    with pytest.raises(Refused):
        await admission._acquire(False)


@pytest.mark.contract("5.1")
@pytest.mark.anyio
async def test_low_priority_comes_last() -> None:
    admission = Admission(2, 5)
    order: list[str] = []
    gates = [asyncio.Event() for _ in range(2)]

    async def hold(gate: asyncio.Event) -> None:
        async with admission.permit():
            await gate.wait()

    async def visit(name: str, low: bool) -> None:
        async with admission.permit(low_priority=low):
            order.append(name)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(hold(gate)) for gate in gates]
    await _settle()
    tasks += [asyncio.create_task(visit(name, name < "x")) for name in ("a", "b", "x", "y")]
    await _settle()
    assert admission.waiting == 2
    gates[0].set()
    await _settle()
    await _settle()
    assert order == ["x", "y"]
    gates[1].set()
    await asyncio.gather(*tasks)
    assert order == ["x", "y", "a", "b"]
    assert admission._free == 2


@given(
    concurrent=st.integers(1, 5),
    steps=st.lists(st.tuples(st.sampled_from(["live", "low", "end", "cancel"]), st.integers(0, 9))),
)
def test_no_permit_is_lost_between_two_priorities(
    concurrent: int, steps: list[tuple[str, int]]
) -> None:
    asyncio.run(_mix(concurrent, steps))


async def _mix(concurrent: int, steps: list[tuple[str, int]]) -> None:
    admission = Admission(concurrent, 3)
    leave: list[asyncio.Event] = []
    tasks: list[asyncio.Task[None]] = []
    inside = 0

    async def visit(event: asyncio.Event, low: bool) -> None:
        nonlocal inside
        async with admission.permit(low_priority=low):
            inside += 1
            assert inside <= concurrent
            try:
                await event.wait()
            finally:
                inside -= 1

    for name, chosen in steps:
        if name in ("live", "low"):
            leave.append(asyncio.Event())
            tasks.append(asyncio.create_task(visit(leave[-1], name == "low")))
        elif tasks and name == "end":
            leave[chosen % len(tasks)].set()
        elif tasks:
            tasks[chosen % len(tasks)].cancel()
        if chosen % 2:
            await _settle()
            busy = concurrent - admission._free
            assert not admission._queue or busy == concurrent
            assert not admission._low or admission._free <= admission._kept
    for event in leave:
        event.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (admission._free, admission.waiting, len(admission._low)) == (concurrent, 0, 0)
