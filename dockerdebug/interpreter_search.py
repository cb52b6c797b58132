"""Which interpreter of a container the probe is started with: a shell tries the candidates inside."""

from dockerdebug.archive import is_python
from dockerdebug.facts import ContainerFacts

# Tries the candidates in order; says on stderr which it takes and what it skipped, so that none can be explained.
# The application's PATH may lack the shell's own tools, so theirs is added for them alone.
SEARCH = r"""probe=$1 mark=$2 seconds=$3 question=$4; shift 4; seen=; tools=$PATH:/usr/local/bin:/usr/bin:/bin
one=$(PATH=$tools tr '\0' '\n' </proc/1/cmdline 2>/dev/null | PATH=$tools head -n 1 2>/dev/null)
case ${one##*/} in python*|pypy*) ;; *) one= ;; esac
for name in "$one" "$@" /usr/local/bin/python3* /usr/bin/python3* /opt/*/bin/python3 /opt/*/envs/*/bin/python3 \
  "$HOME"/.pyenv/versions/*/bin/python3 "$HOME"/.asdf/installs/python/*/bin/python3 \
  "$HOME"/.local/share/uv/python/*/bin/python3 "$HOME"/*conda3/bin/python3; do
  [ -n "$name" ] || continue
  case $name in *-config*) continue ;; */*) path=$name ;; *) path=$(command -v "$name" 2>/dev/null) || path= ;; esac
  case $path in /*) ;; *) continue ;; esac
  case " $seen " in *" $path "*) continue ;; esac
  seen="$seen $path"
  if [ -L "$path" ] && [ ! -e "$path" ]; then echo "$path: a link that leads nowhere" >&2; continue; fi
  [ -f "$path" ] || continue
  [ -x "$path" ] || { echo "$path: not executable" >&2; continue; }
  echo "taken: $path" >&2
  "$path" -I -S -B -c "$probe" "$mark" container "$seconds" "$question" && exit 0
  code=$?
  echo "$path: does not start (exit code $code)" >&2
  [ "$code" -lt 128 ] || exit "$code"
done
exit 90"""
TAKEN = "taken: "
NO_PYTHON = 90
CANNOT_EXECUTE = 126


def candidates(container: ContainerFacts) -> list[str]:
    """Interpreters to try, as the application would find them first; bare names are looked up on PATH."""
    command = [word for word in container.command[:1] if is_python(word)]
    venv = container.environment.get("VIRTUAL_ENV")
    return list(
        dict.fromkeys(
            [
                *command,
                *([f"{venv}/bin/python"] if venv else []),
                "python",
                "python3",
                "/usr/local/bin/python",
                "/usr/local/bin/python3",
                "/usr/bin/python3",
                "/usr/bin/python",
                "/bin/python3",
                "/opt/venv/bin/python",
                "/app/.venv/bin/python",
            ]
        )
    )
