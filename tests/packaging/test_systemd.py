"""The sample systemd unit."""

from tests.packaging.locks import ROOT, pyproject

UNIT = ROOT / "packaging" / "fogbank.service"


def section(name: str) -> dict[str, list[str]]:
    """Key to values of one section; a key may stand more than once."""
    found: dict[str, list[str]] = {}
    inside = False
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            inside = line == f"[{name}]"
        elif inside and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def one(key: str) -> str:
    [value] = section("Service")[key]
    return value


def test_it_runs_the_console_script_in_the_foreground() -> None:
    script, verb = one("ExecStart").split()
    assert script.endswith("/.venv/bin/fogbank")
    assert "fogbank" in pyproject()["project"]["scripts"]
    assert (verb, one("Type")) == ("serve", "exec")


def test_it_runs_as_a_user_of_its_own() -> None:
    assert one("User") == one("Group") == "fogbank"


def test_its_data_is_where_it_may_write() -> None:
    folder = f"/var/lib/{one('StateDirectory')}"
    assert f"FOGBANK_DATA_DIR={folder}" in section("Service")["Environment"]
    assert one("WorkingDirectory") == folder
    assert one("ProtectSystem") == "strict"


def test_the_drain_ends_before_systemd_kills() -> None:
    from fogbank.settings import Settings

    drain = Settings.model_fields["drain"].default
    assert float(one("TimeoutStopSec")) >= drain + 10
    assert (one("KillMode"), one("KillSignal")) == ("mixed", "SIGTERM")


def test_settings_come_from_a_file_that_may_be_missing() -> None:
    assert one("EnvironmentFile") == "-/etc/fogbank/fogbank.env"


def test_it_gives_up_what_a_server_does_not_need() -> None:
    service = section("Service")
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "ProtectKernelModules"):
        assert service[key] == ["yes"]
    assert service["CapabilityBoundingSet"] == [""]


def test_gpus_and_compiled_kernels_still_work() -> None:
    service = section("Service")
    assert "PrivateDevices" not in service
    assert "MemoryDenyWriteExecute" not in service


def test_it_comes_back_after_a_crash_but_not_for_ever() -> None:
    assert one("Restart") == "on-failure"
    assert section("Unit")["StartLimitBurst"] == ["5"]
    assert section("Install")["WantedBy"] == ["multi-user.target"]
