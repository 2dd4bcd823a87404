import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import resource_tracker, shared_memory

import pytest

from fogbank.engines import child_processes
from fogbank.engines.child_processes import Brood, Child, alive, descendants, kill

pytestmark = pytest.mark.skipif(not child_processes.PROC.is_dir(), reason="reads /proc")

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def brood() -> Iterator[Brood]:
    brood = Brood()
    brood.begin()
    yield brood
    brood.clean_up()


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A child process and its child."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        yield parent.pid, int(parent.stdout.readline())
        parent.kill()


def test_children_and_grandchildren_are_found(family: tuple[int, int]) -> None:
    assert set(family) <= {child.pid for child in descendants(os.getpid())}


def test_killed_processes_are_not_alive(family: tuple[int, int]) -> None:
    found = {child for child in descendants(os.getpid()) if child.pid in family}
    assert all(alive(child) for child in found)
    kill(found)
    assert not any(alive(child) for child in found)


def test_another_process_with_the_same_id_is_not_taken_for_it(family: tuple[int, int]) -> None:
    assert not alive(Child(family[0], started=1))
    kill([Child(family[0], started=1)])
    assert alive(next(child for child in descendants(os.getpid()) if child.pid == family[0]))


def test_a_brood_is_what_came_since_it_began(brood: Brood, family: tuple[int, int]) -> None:
    brood.record()
    assert brood.pids() == list(family)
    brood.clean_up()
    assert brood.pids() == []


def test_the_loss_of_a_watched_process_is_seen(brood: Brood, family: tuple[int, int]) -> None:
    brood.record()
    brood.watch(child_processes.title(Child(family[0], 0)))
    assert not brood.lost()
    kill(child for child in descendants(os.getpid()) if child.pid == family[1])
    assert brood.lost()


def test_other_processes_may_end(brood: Brood, family: tuple[int, int]) -> None:
    brood.record()
    brood.watch("no such title")
    kill(child for child in descendants(os.getpid()) if child.pid == family[1])
    assert not brood.lost()


def test_a_start_half_way_is_ended(brood: Brood, family: tuple[int, int]) -> None:
    brood.record_and_kill()
    assert brood.pids() == []


def test_a_brood_that_never_began_has_nothing_to_end(family: tuple[int, int]) -> None:
    brood = Brood()
    brood.record_and_kill()
    brood.clean_up()
    assert {child.pid for child in descendants(os.getpid())} >= set(family)


def test_the_folder_for_sockets_is_removed() -> None:
    brood = Brood()
    folder = brood.begin()
    (folder / "socket").touch()
    brood.clean_up()
    assert not folder.exists()


def test_processes_started_deaf_survive_an_interrupt() -> None:
    with child_processes.deaf_to_interrupts():
        command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert signal.SIGINT in _pending(child.pid)
        child.kill()


def _pending(pid: int) -> set[int]:
    """Signals that are blocked and wait."""
    status = (child_processes.PROC / str(pid) / "status").read_text().splitlines()
    mask = int(next(line for line in status if line.startswith("ShdPnd:")).split()[1], 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


def test_shared_memory_that_a_process_maps_is_found_and_removed() -> None:
    memory = shared_memory.SharedMemory(create=True, size=64)
    try:
        own = Child(os.getpid(), 0)
        assert memory.name in child_processes.shared_memory_of([own])
        child_processes.unlink_shared_memory([memory.name, "fogbank-never-there"])
        assert not (child_processes.SHARED_MEMORY / memory.name).exists()
    finally:
        memory.close()


def test_semaphores_are_found_and_removed_too() -> None:
    own = Child(os.getpid(), 0)
    before = child_processes.shared_memory_of([own])
    lock = multiprocessing.get_context("spawn").Lock()
    found = child_processes.shared_memory_of([own]) - before
    assert [name.startswith("sem.mp-") for name in found] == [True]
    child_processes.unlink_shared_memory(found)
    assert not child_processes.shared_memory_of([own]) - before
    # The lock would take its semaphore from the file system and the tracker once more.
    name = "/" + found.pop().removeprefix("sem.")
    resource_tracker.register(name, "semaphore")
    (child_processes.SHARED_MEMORY / f"sem.{name[1:]}").touch()
    del lock
