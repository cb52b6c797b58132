"""Commands inside containers and pods."""

from audit.shell import files
from audit.shell.options import Options, scan
from audit.shell.run import Run
from audit.shell.words import UNKNOWN

_CONTAINER_GLOBAL = Options.of(
    "H host c context config l log-level tlscacert tlscert tlskey connection url identity root namespace n address"
    " f file p project-name profile env-file project-directory ansi progress parallel",
    "D debug tls tlsverify v version remote r compatibility dry-run verbose",
)
# Of `run` and `exec`, the options without a value; every other one takes one.
_CONTAINER_FLAG_NAMES = """
    d detach i interactive t tty rm init privileged read-only no-healthcheck P publish-all sig-proxy
    oom-kill-disable disable-content-trust q quiet use-api-socket T no-TTY no-tty service-ports no-deps build
    remove-orphans use-aliases quiet-pull quiet-build tls-verify replace rmi latest env-host no-hosts no-hostname
    help
"""
_CONTAINER_FLAGS = frozenset(_CONTAINER_FLAG_NAMES.split())
_KUBECTL = Options.of(
    "n namespace c container context cluster kubeconfig user f filename s server pod-running-timeout",
    "i t q stdin tty quiet",
)


def container(run: Run) -> None:
    """`docker exec CONTAINER command`, `docker run IMAGE command`, and through compose."""
    words = run.words
    found = scan(words, _CONTAINER_GLOBAL)
    at = found.end
    while words[at : at + 1] and words[at] in ("container", "compose"):
        at = scan(words, _CONTAINER_GLOBAL, at + 1).end
    name = "".join(words[at : at + 1])
    if name in ("exec", "run", "create"):
        _inside(run, words[at + 1 :])
    elif name == "unshare":
        run.command(words[at + 1 :])
    elif UNKNOWN in name:
        run.doubt("the subcommand is computed")
    files.note(run)


def _inside(run: Run, words: list[str]) -> None:
    index, entry = 0, []
    while index < len(words) and words[index].startswith("-") and len(words[index]) > 1:
        name, equals, value = words[index].partition("=")
        index += 1
        if name == "--":
            break
        letters = name[1:]
        if name.startswith("--"):
            takes_value = name[2:] not in _CONTAINER_FLAGS and not equals
        else:
            takes_value = letters[-1] not in _CONTAINER_FLAGS and not equals and not _attached(letters)
        if takes_value:
            value = "".join(words[index : index + 1])
            index += 1
        if name == "--entrypoint":
            entry = [value]
    inner = words[index + 1 :]  # after the container or image
    if entry or inner:
        run.command([*entry, *inner], f"{run.name} {'run' if entry else 'exec'}")


def _attached(letters: str) -> bool:
    """Whether a cluster such as -uroot holds its value already."""
    return len(letters) > 1 and any(letter not in _CONTAINER_FLAGS for letter in letters[:-1])


def kubectl(run: Run) -> None:
    """`kubectl exec POD -- command`."""
    words = run.words
    files.note(run)
    if "--" in words:
        run.command(words[words.index("--") + 1 :])
    elif "exec" in words or "run" in words:
        start = words.index("exec") if "exec" in words else words.index("run")
        found = scan(words, _KUBECTL, start + 1)
        if words[found.end + 1 :]:
            run.doubt("a command in a pod that is not set off by --")
            run.command(words[found.end + 1 :])


HANDLERS = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose"), container),
    **dict.fromkeys(("kubectl", "oc"), kubectl),
}
