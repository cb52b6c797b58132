"""Load on a service whose processes are killed: what was acknowledged, and whether it is still there."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from tests.services.service import Service
from tests.services.stack import wait_until

CHILDREN = ("web", "worker", "beat")


class Load:
    """Clients that write events, ask for jobs and use the cache, and remember what they were promised."""

    def __init__(self, service: Service, key: str) -> None:
        self.service, self.key = service, key
        self.events: list[str] = []
        self.jobs: list[str] = []
        self.answers: list[str] = []
        self.asked = 0
        self.missed: list[str] = []
        self.refused = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(ask,))
            for ask in (self._write, self._write, self._send, self._cache)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, ask: Callable[[], None]) -> None:
        while not self._stop.wait(0.05):
            try:
                ask()
            except (OSError, ValueError):
                self.refused += 1  # nothing was promised

    def _write(self) -> None:
        event = {"event_type": "load.made", "entity_type": "load", "entity_id": "1", "new_value": len(self.events)}
        status, _, body = self.service.get("/api/v1/audit/events", self.key, event)
        if status == 201:
            self.events.append(json.loads(body)["uid"])
        else:
            self.refused += 1

    def _send(self) -> None:
        order = {"sql": f"SELECT {len(self.jobs)}", "background": True}
        status, _, body = self.service.get("/api/v1/schemacheck/validate", self.key, order)
        if status == 202:
            self.jobs.append(json.loads(body)["id"])
        else:
            self.refused += 1
        self._stop.wait(0.3)

    def _cache(self) -> None:
        image = hashlib.sha256(str(len(self.answers)).encode()).hexdigest()
        entry = {"image_hash": image, "model_version": "m", "extracted_data": image, "confidence_score": 1}
        if self.service.get("/api/v1/visioncache/entries", self.key, entry)[0] in {200, 201}:
            self.answers.append(image)
            self._look_up(image)
        else:
            self.refused += 1

    def _look_up(self, image: str) -> None:
        self.asked += 1
        question = {"image_hash": image, "model_version": "m"}
        status, _, body = self.service.get("/api/v1/visioncache/lookup", self.key, question)
        if status == 200 and (json.loads(body)["entry"] or {}).get("extracted_data") != image:
            self.missed.append(image)

    def lost_answers(self) -> list[str]:
        for image in self.answers:
            self._look_up(image)
        return self.missed

    def hits(self) -> int:
        return int(json.loads(self.service.get("/api/v1/visioncache/stats", self.key)[2])["total_hits"])

    def lost_events(self) -> list[str]:
        return [uid for uid in self.events if self.service.get(f"/api/v1/audit/events/{uid}", self.key)[0] != 200]

    def unfinished_jobs(self) -> list[str]:
        return [job for job in self.jobs if self._state(job) != "finished"]

    def _state(self, job: str) -> str:
        return str(json.loads(self.service.get(f"/api/v1/schemacheck/checks/{job}", self.key)[2])["status"])


def kill_under_load(service: Service, *, rounds: int, victims: Sequence[str] = CHILDREN, apart: float = 15.5) -> Load:
    """Kill each victim once a round, at least `apart` seconds after its last death, and check what was promised.

    After every round the service must be whole again by itself.
    """
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), "all live")
    with Load(service, service.key()) as load:
        wait_until(lambda: len(load.events) > 5 and load.jobs, "there is load")
        for number in range(rounds):
            began = time.monotonic()
            killed = {}
            for victim in victims:
                killed[victim] = service.strike(victim)
                time.sleep(apart / len(victims))
            for victim, pid in killed.items():
                what = f"it is whole again after death {number + 1} of {victim}"
                wait_until(lambda victim=victim, pid=pid: service.recovered(victim, pid), what)
            time.sleep(max(began + apart - time.monotonic(), 0))
    assert process.poll() is None
    assert load.lost_events() == []
    assert load.lost_answers() == []
    assert len(load.answers) <= load.hits() <= load.asked  # the last ones are counted, and none twice
    wait_until(lambda: not load.unfinished_jobs(), "every job that was accepted is done")
    verdict = json.loads(service.get("/api/v1/audit/verify", service.key(), {})[2])
    assert verdict["valid"], verdict
    return load
