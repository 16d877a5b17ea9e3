"""From an operation and checked values to one exact request. Pure: no network, no credential."""

from actionry.request.build import build_request
from actionry.request.parameters import ignored_header

__all__ = ["build_request", "ignored_header"]
