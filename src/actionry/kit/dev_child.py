"""The plugin's own process: `python dev_child.py FOLDER MODULE:NAME` serves it on a free port of this machine.

Started by `actionry dev`, perhaps with the plugin's own Python: nothing but uvicorn is imported here. The port is
told on standard output; when standard input ends, its parent is gone and it ends too.
"""

import asyncio
import os
import sys
import threading

MARK = "actionry-dev-port "


def main() -> None:
    folder, place = sys.argv[1], sys.argv[2]
    # Python put this file's folder first: the plugin's own modules are meant, not those of the developer's kit.
    sys.path[0] = folder
    os.chdir(folder)
    try:
        import uvicorn
        from uvicorn.importer import ImportFromStringError, import_from_string
    except ModuleNotFoundError:
        sys.exit("uvicorn is not installed. Install it with: pip install uvicorn")
    threading.Thread(target=_follow_parent, daemon=True).start()
    module, _, name = place.partition(":")
    try:
        app = import_from_string(place)
    except ModuleNotFoundError as error:
        hint = " (pip install -r requirements.txt)" if os.path.isfile("requirements.txt") else ""
        sys.exit(f"{module}.py needs a package that is not installed: {error.name}{hint}")
    except ImportFromStringError:
        sys.exit(f"{module}.py has no `{name}`: give the ASGI app that name.")

    class Server(uvicorn.Server):
        async def startup(self, sockets=None) -> None:  # type: ignore[no-untyped-def]  # uvicorn may be another version
            await super().startup(sockets=sockets)
            if self.started:
                print(f"{MARK}{self.servers[0].sockets[0].getsockname()[1]}", flush=True)

    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    asyncio.run(Server(config).serve())


def _follow_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
