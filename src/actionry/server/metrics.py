"""Figures for Prometheus, with labels from closed sets alone: no id and no address becomes a label."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One set for each app, so that two apps in one process count apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "actionry_http_requests", "Requests answered.", ("method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "actionry_http_seconds", "Time until the head of the answer.", registry=self.registry, buckets=_SECONDS
        )
        self.streams = Gauge("actionry_streams", "Event streams that are open.", registry=self.registry)
        self.turns_running = Gauge("actionry_turns_running", "Turns that run in this process.", registry=self.registry)
        self.turns = Counter("actionry_turns", "Turns that a run ended for.", ("outcome",), registry=self.registry)
        self.turn_seconds = Histogram(
            "actionry_turn_run_seconds", "Length of one run of a turn.", registry=self.registry,
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
        )  # fmt: skip
        self.sign_ins = Counter("actionry_sign_ins", "Attempts to sign in.", ("outcome",), registry=self.registry)
        self.refused = Counter("actionry_requests_refused", "Refused at the rim.", ("why",), registry=self.registry)
        self.errors = Counter("actionry_errors", "Failures that nobody foresaw.", registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)
