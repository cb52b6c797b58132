"""What an engine does not do for us. Apart from `engine`, which brings the SDK, for who really connects."""

from config.errors import DomainError, Unavailable
from dockerdebug.facts import Problem

HANGS = (
    "Look at the engine's own log (journalctl -u docker). Restarting it ends its containers unless it has live-restore."
)


class EngineUnavailable(Unavailable):
    """No engine answers; `problem` says why in a finding's words."""

    remedy = "start the engine or set `DOCKER_HOST`; the finding says which"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.cause} {problem.fix}")
        self.code = problem.key.replace("_", "-")
        self.problem = problem


class ContainerMissing(DomainError):
    """The engine has no container of that name; `problem` names those that are near."""

    status = 404
    code = "container-missing"
    remedy = "use a name of those the answer lists"

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.cause} {problem.fix}")
        self.problem = problem


class CallRefused(Exception):
    """The engine answered a call with a refusal that leaves others possible."""

    def __init__(self, status: int, explanation: str) -> None:
        super().__init__(explanation)
        self.status, self.explanation = status, explanation
