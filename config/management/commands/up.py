"""`manage.py up`: everything, from one command."""

import os
import secrets
import socket
import sys
import time
from argparse import ArgumentParser

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from config import home
from config.commands import OperationCommand
from config.database import ownership
from config.environment import env
from config.errors import DomainError
from config.jobs import schedule
from config.keys import create_key
from config.serving import local, private_files, static, supervisor


class Command(OperationCommand):
    help = (
        "Start the whole service: bring the database up to date, make the admin user and a first API key once, and run "
        "web, worker and beat until SIGTERM or Ctrl-C. HOST, PORT and DATA_DIR say where."
    )
    examples = (
        ("up", "web, worker and beat; prints the address and, once, the login"),
        ("up --host 0.0.0.0 --port 9000", "for the whole network"),
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="Address to listen on (HOST, %(default)s).")
        parser.add_argument("--port", type=int, default=settings.PORT, help="Port to listen on (PORT, %(default)s).")

    def handle(self, *args: object, host: str, port: int, **options: object) -> None:
        started_at = time.time()
        _check_data_dir()
        _check_address(host, port)
        if settings.SOCKET_PATH:
            local.free(settings.SOCKET_PATH)
        for refused in private_files.tighten():
            self.stderr.write(f"[WARN] {refused}")
        web, gate, felt = supervisor.start_web()
        os.environ |= {"HOST": host, "PORT": str(port), "DATA_DIR": str(settings.DATA_DIR)}
        _migrate()
        self._welcome()
        plan = supervisor.Plan(
            host=host,
            port=port,
            address=settings.PUBLIC_URL if "PUBLIC_URL" in env else f"http://{_in_url(host)}:{port}",
            data_dir=str(settings.DATA_DIR),
            started_at=started_at,
            web_pid=web,
            web_gate=gate,
            web_pulse=felt,
            children={"web": _child("web"), "worker": _child("worker"), "beat": _beat()},
            once={} if static.is_collected() else {"static": _child("static")},
        )
        connections.close_all()
        self.stdout.flush()
        # This process has all of Django in memory by now; the one that only watches needs none of it.
        os.set_inheritable(gate, True)
        os.set_inheritable(felt, True)
        os.execv(sys.executable, home.module("config.serving.supervisor", str(plan.hand_over())))  # noqa: S606

    def _welcome(self) -> None:
        """Make the first admin and the first key, and show them this once."""
        with transaction.atomic():
            if User.objects.exists():
                return
            password = secrets.token_urlsafe(12)
            user = User.objects.create_superuser("admin", password=password)
            _, key = create_key(name="first", scope="admin", user=user)
        self.stdout.write("Shown only this once:")
        self.stdout.write(f"  admin login  admin / {password}")
        self.stdout.write(f"  API key      {key}")


def _child(*arguments: str) -> list[str]:
    return home.module("config.serving.child", *arguments)


def _beat() -> list[str]:
    try:
        return _child("beat", schedule.to_json(schedule.periodic_jobs()))
    except TypeError:  # a kind of schedule of somebody's own: the full process knows it
        return _child("beat")


def _in_url(host: str) -> str:
    shown = {"0.0.0.0": "localhost", "::": "localhost", "": "localhost"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown


def _check_data_dir() -> None:
    probe = settings.DATA_DIR / f".probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
        settings.STATIC_ROOT.mkdir(exist_ok=True)
    except OSError as error:
        raise DomainError(
            f"{settings.DATA_DIR} cannot be written ({error.strerror}). Set DATA_DIR to a folder of yours."
        ) from error


def _check_address(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise DomainError(f"PORT is 1 to 65535, not {port}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DomainError(f"Cannot listen on {host} port {port}: {reason}. Set HOST or PORT to another.") from error


def _migrate() -> None:
    ownership.require_ours(connection)
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
