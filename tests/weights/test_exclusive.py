import threading
from pathlib import Path

from fogbank.weights.exclusive import exclusive


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "x.lock"
    waiting, order = threading.Event(), []

    def second() -> None:
        with exclusive(path, waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(path):
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_a_lock_left_behind_does_not_hold(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "x.lock", waiting=lambda: (_ for _ in ()).throw(AssertionError)):
            assert (tmp_path / "x.lock").exists()
