"""Untrusted text becomes a plain tree with positions, under budgets; nothing here knows what OpenAPI is."""

from actionry.syntax.codes import FINDING_CODES
from actionry.syntax.duplicates import find_duplicate_keys
from actionry.syntax.reader import read_tree
from actionry.syntax.tree import Format, Tree

__all__ = ["FINDING_CODES", "Format", "Tree", "find_duplicate_keys", "read_tree"]
