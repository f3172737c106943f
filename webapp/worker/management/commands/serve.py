"""``manage.py serve``: web server, worker and scheduler on one machine, stopped together."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from webapp import environment
from webapp.celery import prepare_queue
from webapp.worker.supervisor import ChildProcess, supervise

THREADS = 8
"""Requests that one web process answers at the same time."""


class Command(BaseCommand):
    """Run the whole server."""

    help = "Migrate the database, then run web server, worker and scheduler until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address to listen on and the number of web processes."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0: a free one (%(default)s)")
        parser.add_argument("--workers", type=int, default=2, help="number of web processes (%(default)s)")

    def handle(self, **options: Any) -> None:
        """Run until a signal arrives or a child process ends."""
        with _listen(options["host"], options["port"]) as listener:
            call_command("migrate", interactive=False, verbosity=0)
            prepare_queue()
            address = _address(listener)
            self._print_line(f"perfgate is at {address}/ and keeps its data in {settings.DATA_DIR}; Ctrl-C stops it")
            # Without a public address, links in comments lead to the address that we listen on.
            variables = () if environment.BASE_URL.is_set() else ((environment.BASE_URL.name, address),)
            arguments = _gunicorn_arguments(listener.fileno(), options["workers"])
            web = ChildProcess("web", arguments, variables, (listener.fileno(),))
            code = supervise([web, *worker_and_scheduler(variables)], self._print_line)
        if code:
            raise SystemExit(code)

    def _print_line(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def worker_and_scheduler(variables: tuple[tuple[str, str], ...] = ()) -> list[ChildProcess]:
    """Return the child processes that run tasks: one worker, one scheduler.

    Args:
        variables: Environment variables to add.
    """
    # With the heartbeat left on: over amqp the worker notices a signal only when one of its timers fires.
    worker = ("--loglevel", "INFO", "--without-gossip", "--without-mingle")
    scheduler = ("--loglevel", "WARNING")
    return [ChildProcess("worker", worker, variables), ChildProcess("scheduler", scheduler, variables)]


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. The web server inherits it, so no other program can take the port before it starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"cannot listen on {host}:{port}: {error}. Stop the program that listens there, or choose another --port.",
            returncode=2,
        ) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _gunicorn_arguments(descriptor: int, workers: int) -> tuple[str, ...]:
    return (
        "webapp.wsgi:application",
        *("--bind", f"fd://{descriptor}"),
        *("--worker-class", "gthread", "--threads", str(THREADS), "--workers", str(workers)),
        *("--graceful-timeout", "5", "--log-level", "warning"),
    )
