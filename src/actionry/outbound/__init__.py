"""The one door out. Every request to an address from a document, a user or a model goes through `Outbound.send`."""

from actionry.outbound.client import Outbound, default_user_agent
from actionry.outbound.policy import OutboundPolicy
from actionry.outbound.resolve import Resolver
from actionry.outbound.retry import read_retry_after

__all__ = ["Outbound", "OutboundPolicy", "Resolver", "default_user_agent", "read_retry_after"]
