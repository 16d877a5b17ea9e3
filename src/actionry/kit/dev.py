"""`actionry dev`: a plugin served on this machine while it is written, or a remote API behind a local proxy."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from actionry.actions.action import Action, load_action
from actionry.actions.fetch import full_address
from actionry.domains import MANIFEST_PATH, is_local
from actionry.errors import ActionryError
from actionry.findings import Finding
from actionry.http import DEFAULT_PORTS
from actionry.kit import terminal
from actionry.kit.calls_seen import FINDINGS, CallLog, CallSeen, KnownOperations, as_line
from actionry.kit.dev_process import PluginProcess, find_app, take_snapshot, watch
from actionry.kit.guard import Guard
from actionry.kit.proxy import Proxy, Upstream
from actionry.kit.served import DOCUMENT_PATHS, Folder
from actionry.kit.serving import EXTRA
from actionry.kit.status_page import StatusPage
from actionry.manifest import Manifest, read_manifest

PORT = 5003
_MEANT = frozenset({"SERVER-LOCALHOST", "MANIFEST-LOCAL"})
"""That it is on this machine is what this command is for."""


@click.command("dev")
@click.argument("place", default=".")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: a free one.")
@click.option(
    "--files", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="With an address: the folder with its manifest and document.",
)  # fmt: skip
@click.option("--origin", multiple=True, metavar="ORIGIN", help="A further page that may talk to the plugin.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port.")
@click.option("--app", "app_name", metavar="MODULE:NAME", help="The ASGI app, where it is not main:app or app:app.")
def command(
    place: str,
    port: int,
    files: Path | None,
    origin: tuple[str, ...],
    allow: tuple[str, ...],
    app_name: str | None,
) -> None:
    """Serve the plugin in the folder PLACE, or put a local proxy before the API at the address PLACE.

    Manifest and document are served with their addresses filled in, calls and findings are shown as they come, and
    the plugin starts anew when a file changes. Only this machine can reach it.
    """
    try:
        uvicorn = import_module("uvicorn")
    except ModuleNotFoundError:
        raise ActionryError("`actionry dev` needs the package uvicorn.", mend=EXTRA) from None
    session = Session(place, port, files, origin, allow, app_name)
    try:
        asyncio.run(session.run(uvicorn))
    except KeyboardInterrupt:
        return


class Session:
    """One run of the command."""

    def __init__(
        self,
        place: str,
        port: int,
        files: Path | None,
        origins: Sequence[str],
        allow: Sequence[str],
        app_name: str | None,
    ) -> None:
        folder = Path(place).expanduser()
        self._folder = folder.resolve() if folder.is_dir() else None
        self._port = port
        self._allow = tuple(allow)
        self._origins = origins
        self._url = "" if self._folder else _remote(place)
        self._app = self._folder and (app_name or find_app(self._folder))
        if self._folder is not None and not self._app:
            raise ActionryError(
                f"There is no main.py or app.py in {place}.",
                mend="Name the ASGI app with --app MODULE:NAME, or make a plugin with `actionry new`.",
            )
        files_folder = self._folder or (files.resolve() if files else None)
        self._files = Folder(files_folder) if files_folder else None
        self._action: Action | None = None
        self._findings: list[Finding] = []
        self._problem = ""
        self._base_url = ""
        self._process: PluginProcess | None = None
        self._proxy: Proxy | None = None

    async def run(self, uvicorn: Any) -> None:
        from actionry.outbound import Outbound

        # The plugin's process takes another port at each start, all of them on this machine's loopback.
        allow = (*self._allow, "127.0.0.1/32") if self._folder else (*self._allow, *_own_machine(self._url))
        async with Outbound(allow=allow) as door:
            log = CallLog(self._show_call)
            page = StatusPage(log, lambda: (self._action, self._findings, self._problem))
            upstream = Upstream(base_url=self._url)
            self._proxy = Proxy(
                door=door, upstream=upstream, calls=log, guard=Guard(self._origins), folder=self._files, pages=page,
                pages_path="/_actionry/",
            )  # fmt: skip
            config = uvicorn.Config(
                self._proxy, host="127.0.0.1", port=self._port, log_config=None, access_log=False, lifespan="off",
                server_header=False, date_header=False, proxy_headers=False, timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=65_536,
            )  # fmt: skip
            server = _make_server(uvicorn, config)
            tasks: list[asyncio.Task[Any]] = []
            try:
                if self._folder is not None:
                    await self._start_plugin(self._folder, upstream)
                tasks.append(asyncio.create_task(self._after_start(server, page)))
                await _serve(server, self._port)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                if self._process is not None:
                    await self._process.stop()

    async def _start_plugin(self, folder: Path, upstream: Upstream) -> None:
        """Raises ActionryError when it does not start the first time: nothing would be served."""
        assert self._app  # `__init__` refused a folder without one
        process = self._process = PluginProcess(folder, self._app, lambda line: _print(f"  {line}"))

        async def ready() -> None:
            await process.ready()
            upstream.base_url = f"http://127.0.0.1:{process.port}"

        upstream.ready, upstream.keeps_host = ready, True
        await process.start()
        try:
            await ready()
        except ActionryError as error:
            raise ActionryError(error.message, mend="Mend it and start again.") from None

    async def _after_start(self, server: Any, page: StatusPage) -> None:
        port = await server.listening
        self._base_url = f"http://localhost:{port}"
        _print(f"Plugin:  {self._base_url}")
        _print(f"Page:    http://127.0.0.1:{port}{page.path}")
        if self._url:
            _print(f"Calls go to {self._url}")
        folder = self._folder or (self._files.folder if self._files else None)
        # Taken before anything is said: who reads that the plugin runs may change it at once.
        before = await asyncio.to_thread(take_snapshot, folder) if folder is not None else {}
        await self._check()
        if folder is not None:
            await watch(folder, before, self._on_change)

    async def _on_change(self, names: list[str]) -> None:
        _print(f"Changed: {', '.join(names[:5])}")
        if self._process is not None:
            await self._process.restart()
        await self._check()

    # ----------------------------------------------------------------------------- what is wrong with it

    async def _check(self) -> None:
        """Read manifest and document as a host would, and say what is wrong with them."""
        assert self._proxy is not None
        started = time.monotonic()
        try:
            self._action, self._findings, self._problem = await self._read(), [], ""
            manifest = self._action.manifest
            self._findings = await asyncio.to_thread(_lint, self._action, manifest)
        except ActionryError as error:
            self._action, self._problem = None, str(error)
            _print(f"error {terminal.safe(str(error))}")
        self._proxy.operations = KnownOperations(self._action)
        if self._action is not None:
            _show_findings(self._action, self._findings, time.monotonic() - started)

    async def _read(self) -> Action:
        assert self._proxy is not None
        found = await self._proxy.find_file("GET", MANIFEST_PATH, self._base_url)
        manifest: Manifest | None = None
        path = ""
        if found is not None:
            url = self._base_url + MANIFEST_PATH
            manifest = await asyncio.to_thread(read_manifest, found.content, source_url=url)
            path = urlsplit(manifest.document_url()).path
            self._proxy.document_paths = frozenset((*DOCUMENT_PATHS, path))
        for candidate in (path,) if path else DOCUMENT_PATHS:
            document = await self._proxy.find_file("GET", candidate, self._base_url)
            if document is not None:
                action = await asyncio.to_thread(load_action, document.content)
                action.manifest = manifest
                return action
        where = f"at {path}, where the manifest says" if path else "at /openapi.yaml or /openapi.json"
        raise ActionryError(f"There is no OpenAPI document {where}.", mend="Serve it, or give its folder with --files.")

    def _show_call(self, call: CallSeen) -> None:
        _print(terminal.safe(as_line(call)))
        for code in call.findings:
            severity, text = FINDINGS[code]
            _print(f"         {severity} {code} {text}")


def _lint(action: Action, manifest: Manifest | None) -> list[Finding]:
    from actionry.kit.descriptions import lint_descriptions, lint_manifest_descriptions

    found = [*action.findings, *lint_descriptions(action)]
    if manifest is not None:
        found += [*manifest.findings, *lint_manifest_descriptions(manifest)]
    return [finding for finding in found if finding.code not in _MEANT]


def _show_findings(action: Action, findings: Sequence[Finding], elapsed_s: float) -> None:
    names = ", ".join(function.name for function in action.functions[:8])
    more = f" and {len(action.functions) - 8} more" if len(action.functions) > 8 else ""
    _print(terminal.safe(f"{action.title}: {names or 'no functions'}{more}  ({elapsed_s * 1000:.0f} ms)"))
    for finding in findings:
        if finding.severity != "info":
            _print(terminal.safe(f"  {finding.severity} {finding.code} {finding.message} {finding.mend}"))
    advice = sum(finding.severity == "info" for finding in findings)
    if advice:
        _print(f"  {advice} pieces of advice are on the page.")


def _make_server(uvicorn: Any, config: Any) -> Any:
    """uvicorn's server with `listening`: the port, once it is known."""

    class Server(uvicorn.Server):  # type: ignore[misc]  # loaded when the command runs
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            if self.started and not self.listening.done():
                self.listening.set_result(self.servers[0].sockets[0].getsockname()[1])

    return Server(config)


async def _serve(server: Any, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that it cannot listen
        raise ActionryError(
            f"Nothing can listen on 127.0.0.1:{port}.", mend="Another server may run there; choose another --port."
        ) from None


def _remote(place: str) -> str:
    """The API's address; raises ActionryError for what is neither folder nor address."""
    if "://" not in place and not ("." in place.strip("./") or is_local(place.partition("/")[0])):
        raise ActionryError(f"There is no folder `{place}`.", mend="Give a folder or an address (https://…).")
    url = full_address(place).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ActionryError(f"`{place[:200]}` is no address of an API.", mend="Give e.g. https://api.example.com.")
    return url


def _own_machine(url: str) -> tuple[str, ...]:
    """What the user named themselves on this machine may be reached, that place alone."""
    parts = urlsplit(url)
    if not is_local(parts.hostname or ""):
        return ()
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return (f"{host}:{parts.port or DEFAULT_PORTS[parts.scheme]}",)


def _print(line: str) -> None:
    print(line, file=sys.stdout, flush=True)
