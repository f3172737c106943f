"""``manage.py serve``: web server, worker and scheduler as one process group, on one machine."""

from __future__ import annotations

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from webapp.celery import prepare_queue
from webapp.worker.supervisor import Child, supervise

THREADS = 8
"""Requests that one web process answers at a time."""


class Command(BaseCommand):
    """Run the whole server; Ctrl-C stops it."""

    help = "Migrate the database, then run web server, worker and scheduler until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address to listen at and the number of web processes."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen at; 0: a free one (%(default)s)")
        parser.add_argument("--workers", type=int, default=2, help="web processes (%(default)s)")

    def handle(self, **options: Any) -> None:
        """Run until a signal or the end of a child."""
        with _listen(options["host"], options["port"]) as listener:
            call_command("migrate", interactive=False, verbosity=0)
            prepare_queue()
            address = _address(listener)
            self._say(f"perfgate is at {address}/ and keeps its data in {settings.DATA_DIR}; Ctrl-C stops it")
            # Links in comments lead here, unless the operator named a public address.
            environment = (("PERFGATE_BASE_URL", os.environ.get("PERFGATE_BASE_URL", address)),)
            web = Child("web", _web(listener.fileno(), options["workers"]), environment, (listener.fileno(),))
            code = supervise([web, *background(environment)], self._say)
        if code:
            raise SystemExit(code)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def background(environment: tuple[tuple[str, str], ...] = ()) -> list[Child]:
    """Return the children that do the work behind the pages: one worker, one scheduler."""
    # Not without heartbeat: over amqp, a signal is noticed at the worker's next timer only.
    worker = ("--loglevel", "INFO", "--without-gossip", "--without-mingle")
    return [Child("worker", worker, environment), Child("scheduler", ("--loglevel", "WARNING"), environment)]


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; the web server inherits it, so nobody can take the port in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"cannot listen at {host}:{port}: {error}. Stop what listens there, or choose another --port.", returncode=2
        ) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _web(descriptor: int, workers: int) -> tuple[str, ...]:
    return (
        "webapp.wsgi:application",
        *("--bind", f"fd://{descriptor}"),
        *("--worker-class", "gthread", "--threads", str(THREADS), "--workers", str(workers)),
        *("--graceful-timeout", "5", "--log-level", "warning"),
    )
