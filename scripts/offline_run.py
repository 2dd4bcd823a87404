"""Prints a transcript: an unchanged Worker with env.AI, run without a login, a network or an edit.

    .venv/bin/python scripts/offline_run.py                     the chat example, on this machine
    .venv/bin/python scripts/offline_run.py --project my-worker --path /ask --body '{"text": "..."}'

It happens in a network namespace that has loopback and no more (scripts/loopback_only.py), with an
empty home. What stands behind `$` is run as it stands. Models must have been pulled before. Ends
with status 1 where something is not as wished: no answer, or a file of the project that changed.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from fogbank.settings import Settings

ROOT = Path(__file__).parents[1]
LOOPBACK_ONLY = ROOT / "scripts" / "loopback_only.py"
PACKAGES = (
    ROOT / "examples" / "node_modules",
    ROOT / "tests" / "clients" / "node" / "node_modules",
)
QUESTION = '{"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
INSIDE = "FOGBANK_OFFLINE_RUN"
CLOUDFLARE = "https://api.cloudflare.com/client/v4/user/tokens/verify"
READY = re.compile(r"Ready on (http://\S+)")
SERVED = re.compile(r"served by [^\n]*? at (http://\S+)")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
SECONDS_TO_START = 120
LOADED = "until curl --silent --fail --output /dev/null {}/health/ready; do sleep 1; done"
ASK = "curl --silent --show-error --fail-with-body --max-time 120"
SECONDS_TO_RUN = 300
"""For one command: loading models takes the longest."""
NETWORK = (
    "tail -n +3 /proc/net/dev | cut -d: -f1",
    f"curl --silent --show-error --max-time 5 {CLOUDFLARE}",
)
LOGIN = ('ls -A "$HOME"', "env | grep --ignore-case --extended-regexp 'cloudflare|proxy'")


def main() -> None:
    """Goes where there is no network, and runs everything there."""
    given = _arguments()
    if INSIDE not in os.environ:
        env = {**os.environ, INSIDE: "1"}
        here = (sys.executable, str(LOOPBACK_ONLY), sys.executable, __file__, *sys.argv[1:])
        os.execve(sys.executable, here, env)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("home", "tmp"):
            (folder / each).mkdir()
        project = folder / given.project.name
        shutil.copytree(given.project, project, ignore=shutil.ignore_patterns(".wrangler"))
        (folder / "node_modules").symlink_to(given.packages.resolve())
        sys.exit(not Transcript(folder, project).write(given.path, given.body))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    packages = next((folder for folder in PACKAGES if folder.is_dir()), PACKAGES[0])
    parser.add_argument("--project", type=Path, default=ROOT / "examples" / "chat")
    parser.add_argument("--packages", type=Path, default=packages, help="a node_modules")
    parser.add_argument("--path", default="/chat", help="of the Worker, to which --body is posted")
    parser.add_argument("--body", default=QUESTION)
    return parser.parse_args()


class Transcript:
    """Commands and what they print, in a project below `folder`, whose name is not told."""

    def __init__(self, folder: Path, project: Path) -> None:
        self._folder = folder
        self._project = project
        kept = {name: os.environ[name] for name in os.environ if name.startswith("FOGBANK_")}
        del kept[INSIDE]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._env = {
            **kept,
            "PATH": path,
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "FOGBANK_DATA_DIR": str(Settings().data_dir),
        }

    def write(self, path: str, body: str) -> bool:
        """All of it; whether everything was as wished."""
        self._title("No network: nothing is up but loopback")
        _, left = map(self._run, NETWORK)
        self._title("No login: the home is empty, and the environment names no account")
        accounts = "".join(self._run(command).stdout for command in LOGIN)
        self._title("No edit: the project as it was written")
        self._run("cat wrangler.toml")
        self._run("sha256sum * | tee ../before")
        answered = self._worker(path, body)
        self._title("Nothing of it has changed; .wrangler is what wrangler keeps beside it")
        unchanged = self._run("sha256sum --check ../before")
        self._run("ls -A")
        return left.returncode != 0 and not accounts and answered and unchanged.returncode == 0

    def _worker(self, path: str, body: str) -> bool:
        """Starts the Worker, asks it, ends it; whether it answered."""
        self._title("The Worker, answered here")
        self._say("$ fogbank worker dev")
        with open(self._folder / "said", "w+") as said:
            process = subprocess.Popen(
                ["fogbank", "worker", "dev"],
                cwd=self._project,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                text = self._until_ready(process, said)
                answered = self._ask(text, path, body)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait()
            if not answered:
                self._say(_plain(said).removeprefix(text).strip())
        return answered

    def _ask(self, text: str, path: str, body: str) -> bool:
        """Asks the Worker once the models are loaded; whether it answered."""
        server, ready = SERVED.search(text), READY.search(text)
        if not server or not ready:
            sys.exit("offline_run: neither the server's nor the Worker's address was told")
        self._run(LOADED.format(server[1]))
        answer = self._run(f"{ASK} {ready[1]}{path} --data {shlex.quote(body)}")
        return answer.returncode == 0

    def _until_ready(self, process: subprocess.Popen[bytes], said: TextIO) -> str:
        """What it said until the Worker was there."""
        end = time.monotonic() + SECONDS_TO_START
        while True:
            text = _plain(said)
            failed = process.poll() is not None or time.monotonic() > end
            if failed or READY.search(text):
                self._say(text.strip())
            if failed:
                sys.exit("offline_run: the Worker did not start")
            if READY.search(text):
                return text
            time.sleep(0.1)

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        self._say(f"$ {command}")
        done = subprocess.run(
            ["timeout", str(SECONDS_TO_RUN), "bash", "-c", command],
            cwd=self._project,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.stdout:
            self._say(done.stdout.rstrip("\n"))
        return done

    def _title(self, text: str) -> None:
        self._say(f"\n# {text}")

    def _say(self, text: str) -> None:
        print(text.replace(str(self._folder), "~"), flush=True)


def _plain(said: TextIO) -> str:
    said.seek(0)
    return COLOURS.sub("", said.read())


if __name__ == "__main__":
    main()
