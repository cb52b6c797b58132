"""Running commands under the rules."""

import json
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from audit import tasks
from audit.models import Event
from audit.permissions import guard, links, store
from audit.permissions.confinement import GuardUsage, check_inside
from audit.permissions.rules import Rule
from tests.patience import comes_back

pytestmark = pytest.mark.django_db
PYTHON = sys.executable


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which this Python and a few programs may run."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "script.py").write_text(
        "import sys; print('out', *sys.argv[1:]); print('err', file=sys.stderr); sys.exit(3)"
    )
    rules = [
        Rule(tool="Bash", specifier=f"{PYTHON} *", decision="allow"),
        Rule(tool="Bash", specifier="echo *", decision="allow"),
        Rule(tool="Bash", specifier="cat *", decision="allow"),
        Rule(tool="Bash", specifier="env *", decision="allow"),
        Rule(tool="Bash", specifier="rm *", decision="deny", reason="no"),
        Rule(tool="Bash", specifier="touch *", decision="confirm"),
        Rule(tool="Read", specifier="secret.txt", decision="deny"),
    ]
    store.import_rules(rules=rules, source="test")
    return folder


def python(project: Path, code: str) -> list[str]:
    (project / "given.py").write_text(code)
    return [PYTHON, "given.py"]


def test_a_command_is_decided_run_and_recorded(project: Path) -> None:
    outcome = guard.run([PYTHON, "script.py", "a; b"], root=project, session_id="s1")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (3, b"out a; b\n", b"err\n")
    made, ran = Event.objects.filter(entity_type="decision").order_by("id")
    assert (made.event_type, ran.event_type) == ("decision.made", "execution.recorded")
    assert (made.entity_id, made.session_id) == (ran.entity_id, "s1")
    assert ran.new_value["exit_code"] == 3
    assert ran.new_value["duration_ms"] > 0
    assert (ran.new_value["stdout_bytes"], ran.new_value["timed_out"]) == (9, False)


def test_a_denied_command_is_not_run_and_its_refusal_is_recorded(project: Path) -> None:
    (project / "x").touch()
    with pytest.raises(guard.GuardRefused, match=r"Bash\(rm \*\): no"):
        guard.run(["rm", "x"], root=project, confirmed=True)
    assert (project / "x").exists()
    assert Event.objects.get(entity_type="decision").new_value["decision"] == "deny"


def test_what_must_be_confirmed_runs_only_when_it_is(project: Path) -> None:
    with pytest.raises(guard.GuardRefused, match="a person must confirm"):
        guard.run(["touch", "made"], root=project)
    assert not (project / "made").exists()
    assert guard.run(["touch", "made"], root=project, confirmed=True).exit_code == 0
    assert (project / "made").exists()
    with pytest.raises(guard.GuardRefused, match="no rule matches"):
        guard.run(["ls"], root=project)


def test_no_shell_reads_the_arguments(project: Path) -> None:
    assert guard.run(["echo", "a*b", "$HOME", "it's"], root=project).stdout == b"a*b $HOME it's\n"


@pytest.mark.parametrize(
    "command",
    [
        [],
        [""],
        ["echo", "a", "&&", "rm", "x"],
        ["echo", "a", "|", "sh"],
        ["echo", "a", ">", "f"],
        ["echo", "$(rm x)"],
        ["echo", "`rm x`"],
        ["cat", "/etc/passwd"],
        ["cat", "../outside"],
        ["cat", "sub/../../outside"],
        ["cat", "~/.bashrc"],
        ["cat", "link"],
        ["cat", "folder/file"],
        ["cat", "--file=/etc/passwd"],
        ["cat", "-f/etc/passwd"],
        ["cat", "-f../outside"],
        ["cat", "if=/etc/passwd"],
        ["cat", "@/etc/passwd"],
        ["cat", "a:/etc/passwd"],
        ["cat", "x,../outside"],
        ["cat", "file:///etc/passwd"],
        ["cat", "--url=file:///etc/passwd"],
        ["cat", "-flink"],
        ["cat", 7],
        ["echo", "a\0b"],
        ["no-such-program"],
        ["./not-there"],
        ["../../bin/echo", "x"],
        ["folder/hostname"],
        ["cat", "-xzf../outside"],
        ["cat", "-xzf/etc/passwd"],
        ["cat", "/proc/self/root/etc/passwd"],
        ["cat", "-I../x"],
        ["cat", "@../x"],
        ["bash", "-c", "cat ../outside.txt"],
        ["bash", "-c", "cat /etc/hostname"],
        ["bash", "-c", "ls;cat /etc/hostname"],
        ["bash", "-c", "echo a; echo b"],
        ["bash", "-c", "echo a && echo b"],
        ["bash", "-c", "echo a | cat"],
        ["bash", "-c", "echo a & echo b"],
        ["bash", "-c", "echo a\necho b"],
        ["bash", "-c", "cd .. && cat outside.txt"],
        ["bash", "-c", "cat < ../outside.txt"],
        ["bash", "-c", "echo x > ../outside.txt"],
        ["bash", "-c", "cat <(cat ../outside.txt)"],
        ["bash", "-c", "cat $OUT"],
        ["bash", "-c", "cat .*/outside.txt"],
        ["bash", "-c", "cat {..,.}/outside.txt"],
        ["bash", "-c", "cat ~/x"],
        ["bash", "-c", "cat link"],
        ["bash", "-c", "cat folder/hostname"],
        ["bash", "-c", "cat ${X:-../outside.txt}"],
        ["bash", "-c", "c\\at .\\./outside.txt"],
        ["bash", "-c", "cat '..'/outside.txt"],
        ["bash", "-c", "cat $'\\x2e\\x2e/outside.txt'"],
        ["bash", "-c", "cat <<E\n$(cat ../outside.txt)\nE"],
        ["bash", "-lc", "cat ../outside.txt"],
        ["bash", "-xc", "cat ../outside.txt"],
        ["bash", "-c", "eval 'cat ../outside.txt'"],
        ["bash", "-c", "bash -c 'cat ../outside.txt'"],
        ["bash", "../outside.sh"],
        ["bash"],
        ["sh", "-c", "cat ../outside.txt"],
        ["env", "bash", "-c", "cat ../outside.txt"],
        ["env", "-S", "cat ../outside.txt"],
        ["env", "-C", "..", "cat", "outside.txt"],
        ["env", "-C", "sub", "cat", "way"],
        ["env", "X=../outside", "cat", "x"],
        ["timeout", "5", "sh", "-c", "cat ../outside.txt"],
        ["xargs", "sh", "-c", "cat ../outside.txt"],
        ["xargs", "-a", "../list", "cat"],
        ["find", ".", "-exec", "cat", "../outside.txt", ";"],
        ["find", ".", "-exec", "sh", "-c", "cat ../outside.txt", ";"],
        ["find", "..", "-name", "x"],
        [PYTHON, "-c", "print(open('../outside.txt').read())"],
        ["python3", "-c", "print(open('../outside.txt').read())"],
        ["node", "-e", "require('fs')"],
        ["perl", "-e", "open F, '../outside.txt'"],
        ["awk", 'BEGIN { getline x < "../outside.txt" }'],
        ["git", "-C", "..", "status"],
        ["git", "-C../other", "status"],
        ["git", "--git-dir=../other/.git", "log"],
        ["git", "-c", "alias.x=!cat ../outside.txt", "x"],
        ["git", "diff", "--no-index", "../outside.txt", "x"],
        ["make", "-f", "../Makefile"],
        ["make", "-C", ".."],
        ["make", "-f../Makefile"],
        ["tar", "cf", "x.tar", "-C..", "outside.txt"],
        ["bash", "-c", "[[ -f ../outside.txt ]]"],
        ["sqlite3", "a.db", "ATTACH '../outside.db' AS y"],
        ["find", ".", "-exec", "cat", "{}", ";"],
        ["gcc", "-include../outside.txt"],
        ["vim", "-c", ":e ../outside.txt"],
        ["bash", "-c", "f() { cat ../outside.txt; }; f"],
        ["bash", "-c", "! cat ../outside.txt"],
        ["bash", "-c", "X=1 cat ../outside.txt"],
        ["bash", "-c", "cat sub/a 2>../outside.txt"],
        ["make", "CC=ls;id"],
        ["make", "CC=ls | sh", "all"],
        ["xmllint", "--xinclude", "a.xml"],
        ["xmllint", "--noent", "a.xml"],
        ["grep", "-R", "x"],
        ["grep", "-nR", "x", "sub"],
        ["grep", "--dereference-recursive", "x", "."],
        ["find", "-L", ".", "-name", "x"],
        ["find", ".", "-follow", "-type", "f"],
        ["rg", "-L", "x"],
        ["rg", "--follow", "x", "sub"],
        ["cp", "-rL", "sub", "copy"],
        ["cp", "-r", "--dereference", "sub", "copy"],
        ["tar", "chf", "x.tar", "sub"],
        ["tar", "-chf", "x.tar", "sub"],
        ["rsync", "-aL", "sub", "copy"],
        ["zip", "-r", "x.zip", "sub"],
        ["diff", "-r", "sub", "."],
        ["bash", "-c", "grep -R x sub"],
        ["bash", "-c", "cd sub; grep -R x"],
    ],
)
def test_what_is_not_one_command_inside_the_project_is_refused(project: Path, command: list[str]) -> None:
    (project / "link").symlink_to("/etc/hostname")
    (project / "folder").symlink_to("/etc")
    (project / "sub").mkdir()
    (project / "sub" / "way").symlink_to("/etc/hostname")
    (project.parent / "outside.txt").write_text("TOPSECRET")
    with pytest.raises(guard.GuardUsage) as refused:
        guard.run(command, root=project)
    if "outside.txt" in str(command):  # and not because the program is not installed
        assert "is not found" not in refused.value.detail
    assert not Event.objects.filter(entity_type="decision").exists()


@pytest.mark.parametrize("limits", [{"timeout_seconds": math.nan}, {"timeout_seconds": 0}, {"max_output_bytes": -1}])
def test_limits_that_are_none_are_refused(project: Path, limits: Any) -> None:
    with pytest.raises(guard.GuardUsage):
        guard.run(["echo", "x"], root=project, **limits)


def test_a_program_of_a_relative_search_path_is_not_run(project: Path, monkeypatch: Any, tmp_path: Path) -> None:
    """It would be another one in the project's folder than the one that was found."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "echo").symlink_to("/bin/echo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin")
    with pytest.raises(guard.GuardUsage):
        guard.run(["echo", "x"], root=project)


def test_the_command_ends_when_guard_is_ended(project: Path, monkeypatch: Any) -> None:
    """SIGTERM in the middle: the group is killed, and the run is recorded as interrupted."""
    code = "import os, time; print(os.getpid(), flush=True); open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    before = signal.signal(signal.SIGUSR1, lambda *_: sys.exit(143))
    try:
        with pytest.raises(SystemExit):
            guard.run(python(project, code), root=project)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not _is_alive(int((project / "pid").read_text()))
    assert Event.objects.get(event_type="execution.recorded").new_value["interrupted"] is True


def test_paths_inside_the_project_and_addresses_are_taken(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a").write_text("inside")
    for path in ("sub/a", "sub/../sub/a", str(project / "sub" / "a")):
        assert guard.run(["cat", path], root=project).stdout == b"inside"
    assert guard.run(["echo", "https://example.com/../x", "a..b", "origin/main"], root=project).exit_code == 0


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (["bash", "-c", "cat sub/a"], b"inside"),
        (["sh", "-c", "cat 'sub/a'"], b"inside"),
        (["bash", "-c", "cat < sub/a"], b"inside"),
        (["env", "cat", "sub/a"], b"inside"),
        (["env", "-C", "sub", "cat", "a"], b"inside"),
        (["bash", "-c", "echo 'a; b && c'"], b"a; b && c\n"),
    ],
)
def test_one_command_that_stays_inside_runs_in_whatever_dress(project: Path, command: Any, written: bytes) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a").write_text("inside")
    assert guard.run(command, root=project).stdout == written


def test_a_walk_that_follows_links_runs_where_none_leads_out(project: Path) -> None:
    (project / "sub" / "deep").mkdir(parents=True)
    (project / "sub" / "deep" / "a").write_text("inside")
    (project / "other").symlink_to("sub")
    (project / "sub" / "round").symlink_to(project)
    for command in (["find", "-L", "sub"], ["grep", "-R", "inside", "other"], ["cp", "-rL", "sub", "copy"]):
        check_inside(command, project)
    (project / "sub" / "deep" / "out").symlink_to("/etc")
    check_inside(["grep", "-r", "inside", "sub"], project)
    with pytest.raises(GuardUsage, match="would follow the link 'sub/deep/out'"):
        check_inside(["grep", "-R", "inside", "other"], project)


def test_a_folder_too_large_to_look_through_is_not_walked(project: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(links, "_MOST_ENTRIES", 2)
    for name in "abc":
        (project / name).touch()
    with pytest.raises(GuardUsage, match="more files than are looked at"):
        check_inside(["find", "-L", "."], project)


def test_what_cannot_be_seen_through_is_not_run_even_if_confirmed(project: Path) -> None:
    store.import_rules(rules=[Rule(tool="Bash", decision="allow")], source="all")
    with pytest.raises(guard.GuardUsage, match="cannot be seen through"):
        guard.run([PYTHON, "-c", "open('made', 'w')"], root=project, confirmed=True)
    assert not (project / "made").exists()


def test_rules_for_files_hold(project: Path) -> None:
    (project / "secret.txt").write_text("x")
    (project / "alias").symlink_to(project / "secret.txt")
    for name in ("secret.txt", "./secret.txt", "alias"):
        with pytest.raises(guard.GuardRefused):
            guard.run(["cat", name], root=project)


def test_the_whole_process_group_is_killed_in_time(project: Path) -> None:
    code = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
    for seconds in (0.7, 5, 60):  # until it came so far that there is a group to kill
        with comes_back():
            outcome = guard.run(python(project, code), root=project, timeout_seconds=seconds)
        assert (outcome.timed_out, outcome.exit_code) == (True, None)
        if outcome.stdout:
            break
    child = int(outcome.stdout)
    for _ in range(50):
        if not _is_alive(child):
            break
        time.sleep(0.1)
    assert not _is_alive(child)
    assert Event.objects.filter(event_type="execution.recorded").latest("id").new_value["timed_out"] is True


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_child_left_behind_holds_nothing_up(project: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(200)'])\n"
        "print('done')"
    )
    with comes_back():
        outcome = guard.run(python(project, code), root=project, timeout_seconds=30)
        assert (outcome.exit_code, outcome.stdout) == (0, b"done\n")


def test_output_is_capped_and_counted(project: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 3_000_000); sys.stderr.write('y' * 10)"
    outcome = guard.run(python(project, code), root=project, max_output_bytes=1000)
    assert (len(outcome.stdout), len(outcome.stderr), outcome.is_cut) == (1000, 10, True)
    assert Event.objects.get(event_type="execution.recorded").new_value["stdout_bytes"] == 3_000_000


def test_secrets_of_the_service_are_not_handed_on(project: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("LD_AUDIT", "")
    monkeypatch.setenv("SOME_API_TOKEN", "hush")
    monkeypatch.setenv("OTHER_URL", "redis://:hush@cache:6379/0")
    monkeypatch.setenv("KEPT", "yes")
    names = guard.run(["env"], root=project).stdout.decode()
    assert "KEPT=yes" in names
    assert "hush" not in names
    assert "LD_AUDIT" not in names


def test_a_signal_is_told(project: Path) -> None:
    outcome = guard.run(python(project, "import os; os.kill(os.getpid(), 9)"), root=project)
    assert outcome.exit_code == -9


def test_the_same_by_command_and_job(project: Path, run_command: Any) -> None:
    arguments = ["--root", str(project)]
    code, out, err = run_command("guard", *arguments, "--", PYTHON, "script.py", "a")
    assert (code, out, "err" in err) == (3, "out a\n", True)
    code, out, _ = run_command("guard", *arguments, "--json", "--", "echo", "x")
    told = json.loads(out)
    assert (code, told["exit_code"], told["stdout"], told["decision"]) == (0, 0, "x\n", "allow")
    code, _, err = run_command("guard", *arguments, "--", "rm", "x")
    assert (code, "Not run, deny" in err) == (2, True)
    assert run_command("guard", *arguments, "--", "touch", "y")[0] == 2
    assert run_command("guard", *arguments, "--yes", "--", "touch", "y")[0] == 0
    code, _, err = run_command(
        "guard", *arguments, "--timeout", "0.3", "--", *python(project, "import time; time.sleep(9)")
    )
    assert (code, "[FAIL] killed" in err) == (124, True)
    assert tasks.run_guarded.delay(["echo", "x"], str(project)) is not None
    assert Event.objects.filter(event_type="execution.recorded").count() == 5
    assert os.environ.get("PWD") != str(project)


@pytest.mark.parametrize(
    "command",
    [
        # a command or a call inside one word, that only the program itself reads
        ["make", "CC=cat ../outside.txt"],
        ["make", "CC=cat /etc/hostname"],
        ["npm", "test", "--node-options=--require ../x"],
        ["npm", "run", "x", "--script-shell", "cat ../outside.txt"],
        ["gcc", "-wrapper", "cat ../outside.txt", "a.c"],
        ["go", "test", "-exec", "cat ../outside.txt"],
        ["cargo", "--config", "build.rustc-wrapper='cat ../x'", "build"],
        ["ruff", "check", "--config", "cache-dir='../x'", "."],
        ["java", "-XX:OnError=cat ../outside.txt", "X"],
        ["ansible", "all", "-a", "cat ../x"],
        ["yq", 'load("../x")', "a.yml"],
        ["jq", "-n", 'include "x" {search:"../"}; .'],
        ["latex", "\\input{../x}"],
        ["git", "config", "core.editor", "cat ../outside.txt"],
        # files that name the files to open
        ["tar", "-cf", "x.tar", "-T", "list"],
        ["tar", "cfT", "x.tar", "list"],
        ["tar", "-xPf", "x.tar"],
        ["tar", "--files-fr=list", "-cf", "x.tar"],
        ["rsync", "--files-from=list", ".", "x"],
        ["wc", "--files0-from=list"],
        ["curl", "-K", "settings"],
        ["wget", "-i", "list"],
        # addresses that are none
        ["curl", "f{i,i}le:///etc/passwd"],
        ["pip", "install", "git+file:///x"],
        ["pip", "install", "x @ file:///x"],
        ["cat", "./http://../../outside.txt"],
        ["cat", "http://../../outside.txt"],
        # options that take no message, and awk's own list of files
        ["git", "am", "-m", "../mbox"],
        ["git", "log", "-m", "--output=../x"],
        ["git", "commit", "-m", "--file=../outside.txt"],
        ["awk", 'BEGIN{ARGV[1]="." "./outside.txt";ARGC=2}{print}'],
        ["sed", "-n", "p", "../outside.txt"],
        ["grep", "-f", "../outside.txt", "a"],
        ["grep", "x", "../outside.txt"],
        ["sed", "r ../outside.txt", "script.py"],
    ],
    ids=" ".join,
)
def test_no_word_leads_out_that_only_its_program_reads(project: Path, command: list[str]) -> None:
    with pytest.raises(GuardUsage):
        check_inside(command, project)


@pytest.mark.parametrize(
    "command",
    [
        ["sed", "-n", "/foo/,/bar/p", "script.py"],
        ["sed", "-i", "s,a/b,c/d,", "script.py"],
        ["awk", "/foo/ {print $1 / 2}", "script.py"],
        ["grep", "-rn", "/api/v1", "."],
        ["grep", "-rn", "from '../utils'", "."],
        ["rg", "-n", r"\.\./", "."],
        ["git", "commit", "-m", "Serve /health/live without ../x"],
        ["git", "log", "--grep=/api"],
        ["gh", "pr", "create", "--title", "x", "--body", "See /docs"],
        ["curl", "-d", '{"path": "/x"}', "http://localhost/a"],
        ["pytest", "-k", "a / b"],
        ["make", "test", "ARGS=-k foo -x"],
        ["tar", "-czf", "x.tar.gz", "src"],
        ["pip", "install", "git+https://example.org/x"],
    ],
    ids=" ".join,
)
def test_patterns_and_messages_are_no_paths(project: Path, command: list[str]) -> None:
    check_inside(command, project)


def test_a_message_may_have_backquotes(project: Path) -> None:
    with pytest.raises(guard.GuardRefused, match="confirm"):  # not for its form
        guard.run(["git", "commit", "-m", "Use `x` and $(y)"], root=project)
