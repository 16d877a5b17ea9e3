"""Where an operation is sent: servers, their variables, relative addresses, and the document's own origin.

OpenAPI 3.1.1, Server Object; CANON SV-01, SV-02, SV-04.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from actionry.domains import fill_host
from actionry.openapi import swagger2
from actionry.openapi.document import Document
from actionry.openapi.model import Server

_VARIABLE = re.compile(r"\{([^{}]*)\}")


class ServerReader:
    def __init__(self, document: Document, base_url: str | None, report: Callable[[str, str, str], None]) -> None:
        self._base_url = base_url.rstrip("/") if base_url else None
        self._origin = base_url or document.source_url
        self._report = report
        root = document.root
        raw = root.get("servers")
        if document.family == "2.0" and not raw:
            self._declared = self.read(swagger2.servers(root), "/host" if "host" in root else "")
        else:
            self._declared = self.read(raw, "/servers")
        self._default = self._declared or self._fall_back()

    def default(self) -> tuple[Server, ...]:
        """The document's servers, or what stands for them when it names none."""
        return self._default

    def read(self, raw: Any, pointer: str) -> tuple[Server, ...]:
        """Usable servers of one `servers` list; () when it is absent or nothing in it can be used."""
        if raw is None:
            return ()
        if isinstance(raw, dict):
            self._report("SERVERS-NOT-LIST", pointer, "")
            raw = [raw]
        elif isinstance(raw, str):
            self._report("SERVERS-NOT-LIST", pointer, "")
            raw = [{"url": raw}]
        if not isinstance(raw, list):
            self._report("SERVERS-NOT-LIST", pointer, "")
            return ()
        servers = [self._read_server(item, f"{pointer}/{index}") for index, item in enumerate(raw)]
        return tuple(server for server in servers if server is not None)

    def _read_server(self, raw: Any, pointer: str) -> Server | None:
        if isinstance(raw, str):
            self._report(
                "SERVER-INVALID",
                pointer,
                "A server is text where a mapping with `url` belongs; it is read as its URL.",
            )
            raw = {"url": raw}
        template = raw.get("url") if isinstance(raw, dict) else None
        if not isinstance(template, str):
            self._report("SERVER-INVALID", pointer, "A server has no `url`.")
            return None
        template = template.strip()
        # Plugins leave the host to whoever serves the document (contradiction 4): `PLUGIN_HOSTNAME/v1`.
        known = fill_host(template, self._origin) if self._origin else template
        filled = self._fill(known, raw.get("variables"), pointer)
        if filled is None:
            return None
        url = self._absolute(filled)
        if url is None:
            self._report("SERVER-INVALID", f"{pointer}/url", f"`{template}` is not a usable http(s) URL.")
            return None
        description = raw.get("description")
        return Server(
            url=url,
            description=description if isinstance(description, str) else "",
            template=template,
            pointer=pointer,
        )

    def _fill(self, template: str, variables: Any, pointer: str) -> str | None:
        variables = variables if isinstance(variables, Mapping) else {}
        for name in dict.fromkeys(_VARIABLE.findall(template)):
            variable = variables.get(name)
            value = variable.get("default") if isinstance(variable, Mapping) else None
            if value is None:
                allowed = variable.get("enum") if isinstance(variable, Mapping) else None
                value = allowed[0] if isinstance(allowed, list) and allowed else None
                self._report("SERVER-VARIABLE", f"{pointer}/url", f"The server variable `{name}` has no default.")
            if value is None:
                return None
            template = template.replace(f"{{{name}}}", str(value))
        return template

    def _absolute(self, url: str) -> str | None:
        """Absolute http(s), or a path when nothing is known to resolve it against; None when it is neither."""
        if self._base_url is not None and "://" in url:
            return self._base_url  # the caller's server stands for the document's
        if url.startswith("//"):
            url = f"https:{url}"
        try:
            scheme = urlsplit(url).scheme.lower()
            if scheme in ("http", "https"):
                return url.rstrip("/") if urlsplit(url).hostname else None
        except ValueError:
            return None
        if "://" in url:
            return None
        if _looks_like_host(url):
            return f"https://{url}".rstrip("/")
        path = url if url.startswith("/") or self._origin else f"/{url.removeprefix('./')}"
        return urljoin(self._origin, path).rstrip("/") if self._origin else path.rstrip("/")

    def _fall_back(self) -> tuple[Server, ...]:
        if self._base_url is not None:
            return (Server(url=self._base_url, pointer=""),)
        self._report("SERVER-MISSING", "", "")
        if self._origin is None:
            return ()
        parts = urlsplit(self._origin)
        return (Server(url=f"{parts.scheme}://{parts.netloc}", pointer=""),)


def _looks_like_host(url: str) -> bool:
    """`api.example.com/v1` and `localhost:5003` lack only their scheme."""
    host = url.partition("/")[0]
    return bool(
        re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(:\d+)?|localhost:\d+", host)
    ) and not host.startswith(".")
