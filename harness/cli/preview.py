"""``esv preview``: serve the site on this machine; browsers reload it when it is republished."""

import http.server
import json
from functools import partial
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from harness.cli.context import configuration
from harness.cli.options import PreviewOptions
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.site.draw.tree import MARKER
from harness.store.files import stamp as file_stamp

# Paths that no file of a site has.
_RELOAD = "/-/reload.js"
_STAMP = "/-/stamp.js"
_SCRIPT = f'<script src="{_RELOAD}" defer></script>\n</head>'.encode()


def run(options: PreviewOptions) -> int:
    """Serve the site on the loopback address until interrupted."""
    config = configuration(options)
    if not (config.html_dir / "index.html").is_file():
        raise UsageError(f"no site in {config.html_dir}; write it with `esv publish`")
    try:
        server = make_server(config.html_dir, options.port)
    except (OSError, OverflowError) as err:
        raise UsageError(f"port {options.port}: {err}; take another with --port") from None
    with server:
        print(f"http://127.0.0.1:{server.server_port}/ serves {config.html_dir}", flush=True)
        server.serve_forever()
    return EXIT_CLEAN


def make_server(directory: Path, port: int) -> http.server.ThreadingHTTPServer:
    """A server of a site on the loopback address, whose pages load again after a publishing."""
    handler = partial(_Handler, directory=str(directory))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def stamp(directory: Path) -> str:
    """A text that each publishing that changed something changes; empty while there is no site.

    A publishing replaces the directory, or writes the marker anew.
    """
    try:
        stamps = (*file_stamp(directory / MARKER), file_stamp(directory)[-1])
    except OSError:
        return ""
    return "-".join(map(str, stamps))


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files without logging requests, and never from a browser's cache."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """The answer to a request; pages get the script that asks for a newer site."""
        path = urlsplit(self.path).path
        if path == _STAMP:
            now = stamp(Path(self.directory))
            if not now:
                self.send_error(404)
                return None
            return self._answer(f"esvStamp({json.dumps(now)});\n".encode(), "text/javascript")
        if path == _RELOAD:
            static = resources.files("harness.outputs.site") / "static"
            return self._answer((static / "reload.js").read_bytes(), "text/javascript")
        file = Path(self.translate_path(self.path))
        if path.endswith("/"):
            file /= "index.html"
        if file.suffix == ".html" and file.is_file():
            page = file.read_bytes().replace(b"</head>", _SCRIPT, 1)
            return self._answer(page, "text/html; charset=utf-8")
        return super().send_head()

    def _answer(self, data: bytes, kind: str) -> BytesIO:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return BytesIO(data)

    def end_headers(self) -> None:
        """Tell browsers with every answer not to cache it."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Nothing."""
