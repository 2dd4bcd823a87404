from pathlib import Path

import pytest

from fogbank.catalog.weights import HubWeights
from fogbank.weights import hub as hub_module
from fogbank.weights.errors import WeightsError
from fogbank.weights.hub_client import HubClient
from fogbank.weights.manifest import FileEntry
from fogbank.weights.progress import silent
from tests.hub.standin import HubStandIn, Repo
from tests.weights.samples import tiny_model

NAME = "owner/tiny"
WEIGHTS = HubWeights(hub=NAME)


def fetch(
    out: Path, weights: HubWeights = WEIGHTS, locked: dict[str, FileEntry] | None = None
) -> dict[str, FileEntry]:
    with HubClient.from_environment() as client:
        snapshot = hub_module.resolve(client, weights)
        return hub_module.fetch(client, snapshot, out, silent, locked)


def test_a_branch_is_resolved_to_its_commit(hub: HubStandIn) -> None:
    hub.repos[NAME] = Repo(tiny_model(), commit="d" * 40, branches=("main", "refs/pr/1"))
    with HubClient.from_environment() as client:
        for revision in ("main", "refs/pr/1", "d" * 40):
            weights = HubWeights(hub=NAME, revision=revision)
            assert hub_module.resolve(client, weights).commit == "d" * 40


def test_only_the_allowed_files_come_and_are_what_the_hub_has(
    hub: HubStandIn, tmp_path: Path
) -> None:
    more = {
        "pytorch_model.bin": b"p",
        "modeling.py": b"p",
        "README.md": b"r",
        ".git/config.json": b"",
    }
    files = tiny_model() | {"sub/config.json": b"{}", "fogbank.json": b"{}"}
    hub.repos[NAME] = Repo(files | more)
    found = fetch(tmp_path, HubWeights(hub=NAME, allow=("*",)))
    assert sorted(found) == ["README.md", "config.json", "model.safetensors", "sub/config.json"]
    for name in found:
        assert (tmp_path / name).read_bytes() == hub.repos[NAME].files[name]
    assert not [seen for seen in hub.seen if seen.path.endswith((".bin", ".py"))]


def test_the_same_weights_in_another_layout_do_not_come(hub: HubStandIn, tmp_path: Path) -> None:
    twice = {
        "consolidated.safetensors": b"again",
        "consolidated.00-of-02.safetensors": b"again",
        "original/params.json": b"{}",
        "original/consolidated.00.safetensors": b"again",
    }
    hub.repos[NAME] = Repo(tiny_model() | twice)
    assert sorted(fetch(tmp_path / "one")) == sorted(tiny_model())
    everything = fetch(tmp_path / "two", HubWeights(hub=NAME, ignore=()))
    assert sorted(everything) == sorted(tiny_model() | twice)


def test_a_broken_download_goes_on_where_it_stopped(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    hub.breaks = [1000, 500]
    fetch(tmp_path)
    ranges = [seen.headers.get("range") for seen in hub.downloads("model.safetensors")]
    assert ranges == [None, "bytes=1000-", "bytes=1500-"]
    assert (tmp_path / "model.safetensors").read_bytes() == tiny_model()["model.safetensors"]


def test_a_later_pull_resumes_what_an_earlier_one_left(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    hub.breaks = [700, 0, 0, 0, 0]
    with pytest.raises(WeightsError, match="cannot be reached"):
        fetch(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    hub.breaks, before = [], len(hub.seen)
    fetch(tmp_path)
    asked = [seen for seen in hub.seen[before:] if seen.path.startswith("/cdn/")]
    assert [seen.headers.get("range") for seen in asked] == ["bytes=700-"]
    assert not [seen for seen in hub.seen[before:] if seen.path.endswith("/config.json")]


def test_a_server_that_ignores_ranges_still_gives_the_right_file(
    hub: HubStandIn, tmp_path: Path
) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    hub.breaks, hub.ignore_range = [1000], True
    told: list[int] = []

    def progress(step: str, done: int, total: int | None) -> None:
        told.append(done)
        assert total == sum(len(data) for data in tiny_model().values())

    with HubClient.from_environment() as client:
        hub_module.fetch(client, hub_module.resolve(client, WEIGHTS), tmp_path, progress)
    assert (tmp_path / "model.safetensors").read_bytes() == tiny_model()["model.safetensors"]
    assert told[-1] == sum(len(data) for data in tiny_model().values())


def test_a_busy_hub_is_asked_again(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    hub.statuses = [503, 429]
    fetch(tmp_path)
    assert (tmp_path / "config.json").exists()


def test_a_token_goes_to_the_hub_and_not_to_its_cdn(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[NAME] = Repo(tiny_model(), gated=True)
    monkeypatch.setenv("HF_TOKEN", "good")
    fetch(tmp_path)
    sent = {(seen.host, seen.headers.get("authorization")) for seen in hub.seen}
    assert sent == {("127.0.0.1", "Bearer good"), ("localhost", None)}


def test_a_token_file_is_read_as_hf_tools_do(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[NAME] = Repo(tiny_model(), gated=True)
    (tmp_path / "token").write_text("good\n")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert "model.safetensors" in fetch(tmp_path / "out")


def test_a_gated_repository_says_how_to_get_in(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model(), gated=True)
    with pytest.raises(WeightsError, match="accepted its licence") as caught:
        fetch(tmp_path)
    assert "HF_TOKEN" in caught.value.hint
    assert f"{hub.url}/{NAME}" in caught.value.hint


def test_a_repository_that_is_not_shown(hub: HubStandIn, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not show owner/tiny") as caught:
        fetch(tmp_path)
    assert "HF_TOKEN" in str(caught.value)


def test_a_revision_that_is_not_there(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    with pytest.raises(WeightsError, match="no revision 'v9'"):
        fetch(tmp_path, HubWeights(hub=NAME, revision="v9"))


def test_no_network_points_to_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: HubStandIn
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="cannot be reached") as caught:
        fetch(tmp_path)
    assert "fogbank bundle" in caught.value.hint


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("longer", [b"", b"more"])
def test_what_the_checksum_does_not_fit_is_deleted(
    hub: HubStandIn, tmp_path: Path, name: str, longer: bytes
) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    data = tiny_model()[name]
    hub.tampered[name] = data[:-1] + bytes([data[-1] ^ 1]) + longer
    with pytest.raises(WeightsError):
        fetch(tmp_path)
    assert not (tmp_path / name).exists()
    hub.tampered.clear()
    fetch(tmp_path)
    assert (tmp_path / name).read_bytes() == data


def test_another_checksum_than_the_locks_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    locked = {"config.json": FileEntry(size=1, sha256="0" * 64)}
    with pytest.raises(WeightsError, match="the profile's lock states SHA-256 0000") as caught:
        fetch(tmp_path, locked=locked)
    assert "It was deleted" in caught.value.message


def test_remote_code_is_refused_before_the_weights_come(hub: HubStandIn, tmp_path: Path) -> None:
    config = b'{"auto_map": {"AutoModelForCausalLM": "modeling_evil.Evil"}}'
    hub.repos[NAME] = Repo(tiny_model() | {"tokenizer_config.json": config})
    with pytest.raises(WeightsError, match="auto_map"):
        fetch(tmp_path)
    assert not hub.downloads("model.safetensors")


def test_a_repository_with_pickles_only_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo({"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    with pytest.raises(WeightsError, match="only as pickles"):
        fetch(tmp_path)
    assert len(hub.seen) == 1


@pytest.mark.parametrize("evil", ["../evil.json", "a/../../evil.json", "/evil.json"])
def test_a_file_name_that_leads_out_is_refused(hub: HubStandIn, tmp_path: Path, evil: str) -> None:
    hub.repos[NAME] = Repo(tiny_model() | {evil: b"{}"})
    with pytest.raises(WeightsError, match="not a plain relative path"):
        fetch(tmp_path / "out")
    assert not (tmp_path / "evil.json").exists()


def test_a_mirror_without_checksums_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model())
    hub.plain_metadata = True
    with pytest.raises(WeightsError, match="lacks a name, a size or a checksum"):
        fetch(tmp_path)


def test_an_empty_file_is_a_file(hub: HubStandIn, tmp_path: Path) -> None:
    hub.repos[NAME] = Repo(tiny_model() | {"merges.txt": b""})
    fetch(tmp_path)
    assert (tmp_path / "merges.txt").read_bytes() == b""
