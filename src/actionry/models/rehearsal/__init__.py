"""The built-in model: deterministic, offline, English and Chinese; it matches requests to operations."""

from actionry.models.rehearsal.engine import Rehearsal, rehearse
from actionry.models.rehearsal.session import Message, RehearsalModel, Reply
from actionry.models.rehearsal.showing import show
from actionry.models.rehearsal.wording import WHAT_IT_IS, WHAT_IT_IS_CHINESE

__all__ = [
    "WHAT_IT_IS",
    "WHAT_IT_IS_CHINESE",
    "Message",
    "Rehearsal",
    "RehearsalModel",
    "Reply",
    "rehearse",
    "show",
]
