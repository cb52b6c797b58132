"""A Celery broker without a server: a kombu transport over a table of Django's own database.

At least once: a message stays in the table until its job is done. A worker holds it under a lease that a thread
renews while the worker lives; a dead worker's lease runs out and the message goes to another. Publishing is an
INSERT on the caller's connection, so a message sent in a transaction that rolls back never existed.
"""

import logging
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from queue import Empty
from typing import Any

import django
from django.db import Error
from kombu.transport import virtual

from config.jobs import queue as broker_queue
from config.jobs.overrun import long_tasks
from config.jobs.queue import Claim, own_connection

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1  # after something happened
IDLE_POLL_SECONDS = 0.2  # when nothing happens; a poll is one indexed read
AWAY_POLL_SECONDS = 1.0  # while the database is away
LONGEST_DRAIN_SECONDS = 0.5  # a worker looks for its order to stop between two drains


class QoS(virtual.QoS):
    """Acknowledging by changing the message's row."""

    channel: "Channel"

    def ack(self, delivery_tag: str) -> None:
        self.channel.finish(delivery_tag)
        super().ack(delivery_tag)
        self.channel.connection_woken()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.channel.give_back(delivery_tag, blameless=False)
        else:
            self.channel.park(delivery_tag)
        super().ack(delivery_tag)
        self.channel.connection_woken()


class Channel(virtual.Channel):
    """One consumer's (or producer's) view of the queue."""

    QoS = QoS
    lease_seconds = broker_queue.LEASE_SECONDS
    max_deliveries = broker_queue.MAX_DELIVERIES
    connection: "Transport"
    from_transport_options = (*virtual.Channel.from_transport_options, "lease_seconds", "max_deliveries")

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.worker = f"{broker_queue.this_process()}{uuid.uuid4().hex[:8]}"[:255]
        self._leases: dict[str, int] = {}
        self._suspects: set[str] = set()
        self._long: set[str] = set()
        self._finished: set[str] = set()  # done, but the database was away when we said so
        self._ready: defaultdict[str, deque[dict[str, Any]]] = defaultdict(deque)
        self._keeper: threading.Thread | None = None
        self._closing = threading.Event()
        self._away = False

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    # What kombu asks of a virtual channel

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        broker_queue.put(queue=queue, message=message)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        waiting = self._ready[queue]
        if not waiting:
            waiting.extend(self._receive(claim) for claim in self._claim(queue))
        if not waiting:
            raise Empty
        return waiting.popleft()

    def _size(self, queue: str) -> int:
        try:
            with own_connection():
                return broker_queue.size(queue=queue)
        except Error as error:  # kombu only asks while it starts; a worker must not end because of it
            self._log_away(error)
            return 0

    def _purge(self, queue: str) -> int:
        return broker_queue.purge(queue=queue)

    def _restore(self, message: virtual.Message) -> None:
        self.give_back(str(message.delivery_tag), blameless=True)

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, *args: Any, **kwargs: Any) -> Any:
        def ack_first(message: virtual.Message) -> Any:
            message.ack()
            return callback(message)

        return super().basic_consume(queue, False, ack_first if no_ack else callback, *args, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> virtual.Message | None:
        message = super().basic_get(queue, no_ack=False, **kwargs)
        if message is not None and no_ack:
            message.ack()
        return message

    def close(self) -> None:
        """Give back what was not finished, so that no other worker has to wait for the lease."""
        if not self.closed:
            for waiting in self._ready.values():
                while waiting:
                    self.give_back(waiting.popleft()["properties"]["delivery_tag"], blameless=True)
            self._settle()
        super().close()
        self._closing.set()

    # Leases

    def _claim(self, queue: str) -> list[Claim]:
        room = self.qos.can_consume_max_estimate()
        try:
            with own_connection():
                claims = broker_queue.claim(
                    queue=queue,
                    worker=self.worker,
                    count=1 if room is None else max(room, 1),
                    lease=self.lease,
                    max_deliveries=self.max_deliveries,
                    suspects=not self._suspects,
                    long_tasks=long_tasks(),
                    long_room=self._long_share - len(self._long),
                )
        except Error as error:
            self._log_away(error)
            return []
        if self._away:
            logger.warning("The broker's database is back")
            self._away = False
        if claims and self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="broker-leases", daemon=True)
            self._keeper.start()
        return claims

    @property
    def _long_share(self) -> int:
        """Half of the threads may be held by jobs that take long, so that the others are always for the rest."""
        return max(1, int(self.qos.prefetch_count or 2) // 2)

    def _log_away(self, error: Exception) -> None:
        if not self._away:
            logger.warning("The broker's database is away, trying again: %s", str(error).strip())
        self._away = True

    @property
    def is_away(self) -> bool:
        return self._away

    def _receive(self, claim: Claim) -> dict[str, Any]:
        tag = f"{claim.id}.{claim.deliveries}"
        self._leases[tag] = claim.id
        if claim.is_suspect:
            self._suspects.add(tag)
        if claim.task in long_tasks():
            self._long.add(tag)
        properties = claim.payload["properties"]
        properties["delivery_tag"] = tag
        properties.setdefault("delivery_info", {})["redelivered"] = claim.is_suspect
        return claim.payload

    def _keep(self) -> None:
        """Renew the leases four times in their length, in a thread, whatever the tasks do meanwhile."""
        while not self._closing.wait(self.lease_seconds / 4):
            self._settle()
            ids = list(self._leases.values())
            if not ids:
                continue
            try:
                with own_connection():
                    broker_queue.renew(worker=self.worker, ids=ids, lease=self.lease)
            except Error as error:
                self._log_away(error)

    def finish(self, tag: str) -> None:
        """The job is done; if the database is away now, say so again later."""
        self._finished.add(tag)
        self._settle()

    def _settle(self) -> None:
        tags = [tag for tag in list(self._finished) if tag in self._leases]
        if not tags:
            return
        try:
            with own_connection():
                broker_queue.finish(worker=self.worker, ids=[self._leases[tag] for tag in tags])
        except Error as error:
            self._log_away(error)
            return
        for tag in tags:
            self._drop(tag)

    def _drop(self, tag: str) -> None:
        self._leases.pop(tag, None)
        self._finished.discard(tag)
        self._suspects.discard(tag)
        self._long.discard(tag)

    def give_back(self, tag: str, *, blameless: bool) -> None:
        """Let another worker have the message now."""
        if tag not in self._finished:
            self._part_with(tag, partial(broker_queue.give_back, blameless=blameless))

    def park(self, tag: str) -> None:
        """No worker can use the message."""
        logger.error("Parked queued job %s: rejected by the worker", self._leases.get(tag))
        self._part_with(tag, partial(broker_queue.park, reason="Rejected by the worker."))

    def _part_with(self, tag: str, how: Callable[..., None]) -> None:
        id_ = self._leases.get(tag)
        self._drop(tag)  # first: if the database is away, the lease must run out
        if id_ is None:
            return
        try:
            with own_connection():
                how(worker=self.worker, ids=[id_])
        except Error as error:
            self._log_away(error)

    def connection_woken(self) -> None:
        """A place became free: let the consumer ask for more without waiting for its next poll."""
        if not self.closed:
            self.connection.wake.set()


class Transport(virtual.Transport):
    """`CELERY_BROKER_URL=database://`."""

    Channel = Channel
    channels: list[Any]
    cycle: Any
    driver_type = "database"
    driver_name = "django"
    polling_interval = POLL_SECONDS

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.wake = threading.Event()
        self._pause = POLL_SECONDS

    @property
    def default_connection_params(self) -> dict[str, Any]:
        return {}  # there is no host to name

    def driver_version(self) -> str:
        return django.get_version()

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver one message, or raise TimeoutError when none came in time."""
        deadline = None if timeout is None else time.monotonic() + min(timeout, LONGEST_DRAIN_SECONDS)
        while True:
            self.wake.clear()
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                pass
            else:
                self._pause = POLL_SECONDS
                return
            pause = AWAY_POLL_SECONDS if any(channel.is_away for channel in self.channels) else self._pause
            if deadline is not None:
                pause = min(pause, deadline - time.monotonic())
                if pause <= 0:
                    raise TimeoutError
            self.wake.wait(pause)
            self._pause = min(self._pause * 1.2, IDLE_POLL_SECONDS)
