"""The one door out. Every request to an address from a document, a user or a model goes through `Outbound.send`."""

from actionry.outbound.client import DEFAULT_USER_AGENT, Outbound
from actionry.outbound.policy import OutboundPolicy
from actionry.outbound.resolve import Resolver
from actionry.outbound.retry import read_retry_after

__all__ = ["DEFAULT_USER_AGENT", "Outbound", "OutboundPolicy", "Resolver", "read_retry_after"]
