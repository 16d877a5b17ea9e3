"""The built-in model: deterministic, offline, English and Chinese. It matches requests to operations; it does not converse."""

from actionry.models.rehearsal.engine import Rehearsal, rehearse

__all__ = ["Rehearsal", "rehearse"]
