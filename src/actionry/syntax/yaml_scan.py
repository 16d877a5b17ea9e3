"""Is a YAML text free of what the fast reader must never see: anchors, aliases, tags, merge keys, deep nesting?"""

from __future__ import annotations

import re

from actionry.limits import ReadLimits

SPECIAL = re.compile(r"(?:^|[\s\[{,:])(?:[&*!][^\s]|<<\s*:)|^%", re.M)
DEEP = re.compile(r"^(?:[ \t]{200}|[ \t]*(?:[-?:][ \t]+){20})", re.M)


def is_plain_yaml(text: str, limits: ReadLimits) -> bool:
    return not SPECIAL.search(text) and not DEEP.search(text)
