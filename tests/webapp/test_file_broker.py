"""Messages of the file broker are complete, taken once, and never end the worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from threading import Thread

import pytest
from kombu import Connection

from webapp import file_broker


def opened(connection: Connection) -> file_broker.FileChannel:
    channel = connection.channel()
    assert isinstance(channel, file_broker.FileChannel)
    return channel


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    file_broker.register()
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": f"{tmp_path}/control",
    }
    with Connection("files://localhost", transport_options=options) as made:
        yield made


def test_a_message_is_received_as_it_was_sent(connection: Connection) -> None:
    """Each message is received once."""
    channel = opened(connection)
    channel._put("work", {"a": "ä"})

    assert {"a": "ä"} == channel._get("work")
    with pytest.raises(Empty):
        channel._get("work")


def test_queues_do_not_mix(connection: Connection) -> None:
    """A queue returns its own messages only."""
    channel = opened(connection)
    channel._put("work", {"a": 1})

    with pytest.raises(Empty):
        channel._get("other")


def test_an_incomplete_message_is_ignored(connection: Connection, tmp_path: Path) -> None:
    """A message that is still being written, or whose writer died, is not read."""
    (tmp_path / ".part").write_text('{"a"')

    with pytest.raises(Empty):
        opened(connection)._get("work")


def test_every_message_is_taken_once(connection: Connection) -> None:
    """Several readers and writers at the same time lose no message and read none twice."""
    taken: list[int] = []

    def write(start: int) -> None:
        channel = opened(connection)
        for number in range(start, start + 100):
            channel._put("work", {"number": number})

    def read() -> None:
        channel = opened(connection)
        while len(taken) < 200:
            try:
                taken.append(channel._get("work")["number"])
            except Empty:
                continue

    threads = [Thread(target=write, args=(start,)) for start in (0, 100)] + [Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(range(200)) == sorted(taken)
