"""`./run` makes its environment once, from any folder, and passes on what it does not know.

A stand-in for `uv` notes its calls and makes an environment of small scripts, so nothing is fetched here; the
real set-up is what a fresh clone does before it can run these tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

_UV = r"""#!/bin/sh
tools=$(dirname "$0")/../..
[ "$1" = --version ] && exit 0
echo "$1" >>"$tools/calls"
if [ -e "$tools/uv-fails" ]; then cat "$tools/uv-fails" >&2; exit 1; fi
if [ "$1" = sync ]; then
  sleep "${SLOW_SYNC_S:-0}"
  mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
  ln -sf "$(command -v python3)" "$UV_PROJECT_ENVIRONMENT/bin/python"
  for name in pytest actionry show; do
    printf '#!/bin/sh\nprintf "%%s|" "$(basename "$0")" "$@"\necho\nexit "${EXIT_WITH:-0}"\n' \
      >"$UV_PROJECT_ENVIRONMENT/bin/$name"
    chmod +x "$UV_PROJECT_ENVIRONMENT/bin/$name"
  done
fi
"""


@dataclass(frozen=True, slots=True)
class Project:
    folder: Path

    @property
    def syncs(self) -> int:
        calls = self.folder / ".tools" / "calls"
        return calls.read_text().split().count("sync") if calls.exists() else 0

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        base = {key: value for key, value in os.environ.items() if key not in {"CI", "ACTIONRY_TEST_WORKERS"}}
        return {**base, **extra}

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        script: Path | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script or self.folder / "run", *arguments],
            cwd=cwd or self.folder,
            env=self.environment(extra or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "a folder with spaces"
    (folder / ".tools" / "uv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "run", folder / "run")
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / "uv.lock").write_text("version = 1\n")
    uv = folder / ".tools" / "uv" / "bin" / "uv"
    uv.write_text(_UV)
    uv.chmod(0o755)
    return Project(folder)


def test_help_needs_no_environment(project: Project) -> None:
    for arguments in ([], ["help"], ["--help"]):
        shown = project.run(*arguments)
        assert shown.returncode == 0
        for command in ("serve", "test", "check", "bench"):
            assert f"./run {command}" in shown.stdout
    assert project.syncs == 0


def test_first_start_makes_the_environment_and_the_second_is_silent_and_fast(project: Project) -> None:
    first = project.run("show", "x")
    assert (first.returncode, first.stdout) == (0, "show|x|\n")
    assert len(first.stderr.splitlines()) == 1

    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        again = project.run("show", "x")
        seconds.append(time.perf_counter() - started)
        assert (again.stdout, again.stderr) == ("show|x|\n", "")
    assert project.syncs == 1
    assert min(seconds) < 0.2


def test_anything_else_is_passed_on_word_for_word(project: Project) -> None:
    passed = project.run("show", "two words", "", "--flag=*", "$HOME", extra={"EXIT_WITH": "7"})
    assert passed.stdout == "show|two words||--flag=*|$HOME|\n"
    assert passed.returncode == 7


def test_serve_goes_to_the_command_line(project: Project) -> None:
    assert project.run("serve", "--port", "1").stdout == "actionry|serve|--port|1|\n"


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.lock"])
def test_a_changed_file_is_followed(project: Project, file: str) -> None:
    project.run("show")
    (project.folder / file).write_text("changed\n")
    project.run("show")
    assert project.syncs == 2


def test_a_moved_folder_gets_its_environment_anew(project: Project, tmp_path: Path) -> None:
    project.run("show")
    moved = Project(project.folder.rename(tmp_path / "elsewhere"))
    assert moved.run("show").returncode == 0
    assert moved.syncs == 2


def test_a_python_that_was_removed_is_noticed(project: Project) -> None:
    project.run("show")
    python = project.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(project.folder / "gone")
    assert project.run("show").returncode == 0
    assert project.syncs == 2


def test_any_folder_and_symbolic_links(project: Project, tmp_path: Path) -> None:
    link = tmp_path / "links" / "actionry-run"
    link.parent.mkdir()
    link.symlink_to(Path("..") / project.folder.name / "run")
    assert project.run("show", cwd=tmp_path, script=link).stdout == "show|\n"
    folder_link = tmp_path / "folder-link"
    folder_link.symlink_to(project.folder, target_is_directory=True)
    assert project.run("show", cwd=Path("/"), script=folder_link / "run").stdout == "show|\n"
    assert project.syncs == 1


def test_the_working_folder_stays_for_passed_commands(project: Project, tmp_path: Path) -> None:
    shown = project.run("python", "-c", "import os; print(os.getcwd())", cwd=tmp_path)
    assert Path(shown.stdout.strip()).samefile(tmp_path)


def test_four_starts_at_once_make_one_environment(project: Project) -> None:
    started = [
        subprocess.Popen(
            [project.folder / "run", "show", str(number)],
            env=project.environment({"SLOW_SYNC_S": "0.5"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    printed = [process.communicate(timeout=60)[0] for process in started]
    assert printed == [f"show|{number}|\n" for number in range(4)]
    assert project.syncs == 1


def test_a_killed_start_leaves_no_lock_behind(project: Project) -> None:
    killed = subprocess.Popen(
        [project.folder / "run", "show"],
        env=project.environment({"SLOW_SYNC_S": "30"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while project.syncs == 0 and time.monotonic() < deadline:
        time.sleep(0.02)  # another process's file: there is no event to wait for
    os.killpg(killed.pid, 9)
    killed.wait(timeout=20)
    assert project.run("show").stdout == "show|\n"
    assert project.syncs == 2


def test_an_outdated_lock_file_is_named(project: Project) -> None:
    (project.folder / ".tools" / "uv-fails").write_text("The lockfile at `uv.lock` needs to be updated\n")
    failed = project.run("show")
    assert failed.returncode == 1
    assert "uv.lock does not fit pyproject.toml" in failed.stderr.splitlines()[-1]


def test_an_unreachable_index_is_named(project: Project) -> None:
    (project.folder / ".tools" / "uv-fails").write_text("error: Failed to fetch\n")
    failed = project.run("show")
    assert failed.returncode == 1
    assert "needs a package index" in failed.stderr.splitlines()[-1]
    assert "Failed to fetch" in failed.stderr
    (project.folder / ".tools" / "uv-fails").unlink()
    assert project.run("show").returncode == 0


def test_no_python_is_said_in_one_line(project: Project, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "readlink", "mkdir", "rm"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # asked for its version, an older Python ends with 1
    old.chmod(0o755)
    failed = project.run("show", extra={"PATH": str(tools)})
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "Python 3.11 or newer is needed" in failed.stderr


def test_an_unknown_command_is_named(project: Project) -> None:
    project.run("show")
    failed = project.run("no-such-command")
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert "`no-such-command`" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "extra", "expected"),
    [
        ([], {}, "pytest|-n|2|--dist|worksteal|-m|not slow|\n"),
        (["--all"], {}, "pytest|-n|2|--dist|worksteal|\n"),
        (["--all", "-x"], {}, "pytest|-n|2|--dist|worksteal|-x|\n"),
        ([], {"CI": "true"}, "pytest|-n|2|--dist|worksteal|\n"),
        (["tests/test_docs.py", "-k", "a b"], {}, "pytest|tests/test_docs.py|-k|a b|\n"),
        ([], {"ACTIONRY_TEST_WORKERS": "6"}, "pytest|-n|6|--dist|worksteal|-m|not slow|\n"),
    ],
)
def test_which_tests_are_run(project: Project, arguments: list[str], extra: dict[str, str], expected: str) -> None:
    assert project.run("test", *arguments, extra=extra).stdout == expected


@pytest.mark.parametrize("script", ["run", ".ci/run", "scripts/node-folder"])
def test_shell_scripts_pass_shellcheck(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run([shellcheck, ROOT / script], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout
