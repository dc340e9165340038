"""Shards and the state in the address, in a browser, over ``file://`` and http."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from harness.outputs.site.draw.shards import Json, shard

HOSTILE: Json = {
    "__proto__": {"polluted": 1},
    "texts": ["</script><script>window.ran = 1</script>", "<!--", "\u2028\u2029", "\\", "'\"`${1}"],
    "bidi": "\u202e\x00\ud800",
}
PAGE = """<!DOCTYPE html><html lang="en" data-up="../"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'">
<title>t</title><script src="../static/data.js" defer></script>"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shards")
    static = resources.files("harness.outputs.site") / "static"
    for name in ("static", "data", "p"):
        (root / name).mkdir()
    (root / "static/data.js").write_bytes((static / "data.js").read_bytes())
    (root / "data/a.js").write_bytes(shard("a", HOSTILE))
    (root / "data/empty.js").write_bytes(b"\n")
    (root / "p/index.html").write_text(PAGE)
    return root


LOAD = """
const done = arguments[arguments.length - 1];
Promise.all([esv.load("data/a.js"), esv.load("data/a.js")]).then(([a, b]) => done(
  [JSON.stringify(a), a === b, esv.get("a") === a, ({}).polluted === undefined, window.ran || 0]));
"""
FAIL = """
const done = arguments[arguments.length - 1];
esv.load(arguments[0]).then(() => done("loaded"), e => done(e.message));
"""


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_shard_is_loaded_once_and_is_only_data(
    browser: Any, small: Path, serve: Any, scheme: str
) -> None:
    browser.get(serve(small, scheme) + "p/index.html")
    text, same, kept, clean, ran = browser.execute_async_script(LOAD)
    expected = browser.execute_script("return JSON.stringify(arguments[0])", HOSTILE["texts"])  # type: ignore[index,call-overload]
    assert expected in text
    assert '"__proto__":{"polluted":1}' in text
    assert (same, kept, clean, ran) == (True, True, True, 0)
    assert browser.execute_async_script(FAIL, "data/none.js") == "data/none.js cannot be loaded"
    assert browser.execute_async_script(FAIL, "data/empty.js") == "data/empty.js has no data"
    browser.get_log("browser")


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_the_state_is_in_the_address(browser: Any, small: Path, serve: Any, scheme: str) -> None:
    browser.get(serve(small, scheme) + "p/index.html#main")
    steps = browser.execute_script(
        "const depth = history.length; const seen = [[...esv.state()].length];"
        "esv.setState({to: 'b', q: 'a&b=c #'}); seen.push(location.hash, esv.state().get('q'));"
        "esv.setState({q: null, to: ''}); seen.push(location.hash, history.length - depth);"
        "return seen"
    )
    assert steps == [0, "#q=a%26b%3Dc+%23&to=b", "a&b=c #", "", 0]
