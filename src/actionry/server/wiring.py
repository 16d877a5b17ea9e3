"""Parts that a turn is given beside the log: credentials and files of its user, and the operator's domains."""

from __future__ import annotations

from collections.abc import Callable

from actionry.server.connecting import wire_connections
from actionry.server.services import Services
from actionry.server.turn_running import TurnRunning

WIRES: tuple[Callable[[Services, TurnRunning], None], ...] = (wire_connections,)
