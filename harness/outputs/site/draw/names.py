"""File names of the site, made from names that anybody may have chosen.

Every name is lower-case ASCII and holds a hash of the whole name, so it stays inside the
output directory, differs where the names differ only in case, and is the same on every machine.
"""

import hashlib
import re
import unicodedata

from harness.analysis.history.history import History

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OTHER = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 48
ESCAPES = "escapes.html"
CORRELATION = "correlation.html"
FEED = "regressions.xml"

# The navigation of every page, in its order; a page that the environment lacks is left out.
NAVIGATION = (
    ("Overview", "index.html"),
    ("Regressions", "regressions.html"),
    ("Escapes", ESCAPES),
    ("Compare", "compare.html"),
    ("Correlation", "correlation.html"),
    ("Status", "status.html"),
    ("Help", "help.html"),
)


def slug(text: str) -> str:
    """The readable part of a name: lower-case letters, digits and single hyphens, never empty."""
    plain = unicodedata.normalize("NFKD", text[:1024]).encode("ascii", "ignore").decode("ascii")
    short = _OTHER.sub("-", plain.lower()).strip("-")[:_SLUG_LENGTH].strip("-")
    return short or "x"


def digest(*parts: str) -> str:
    """Sixteen hexadecimal digits that stand for a sequence of texts."""
    framed = "".join(f"{len(p)}:{p}" for p in parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(framed).hexdigest()[:16]


def benchmark_page(package: str, benchmark: str) -> str:
    """Page of a benchmark, relative to the root of its environment."""
    return f"b/{slug(benchmark.removeprefix('Benchmark'))}-{digest(package, benchmark)}.html"


def benchmark_shard(package: str, benchmark: str) -> str:
    """Data of a benchmark, relative to the root of its environment."""
    return f"data/b-{digest(package, benchmark)}.js"


def revision_page(revision: str) -> str:
    """Page of a revision, relative to the root of its environment."""
    if _HASH.fullmatch(revision):
        return f"r/{revision}.html"
    return f"r/x-{digest(revision)}.html"


def revision_shard(revision: str) -> str:
    """Data of a revision, relative to the root of its environment."""
    return f"data/r-{revision if _HASH.fullmatch(revision) else digest(revision)}.js"


def source_page(path: str, revision: str = "") -> str:
    """Page of a source file, relative to the root of its environment.

    Args:
        path: relative to the repository's root.
        revision: full hash; empty for the newest revision, whose page has the same name for ever.
    """
    if not revision:
        return f"s/{slug(path.rsplit('/', 1)[-1])}-{digest(path)}.html"
    name = revision if _HASH.fullmatch(revision) else f"x-{digest(revision)}"
    return f"s/{name}-{digest(path)}.html"


def environment_root(history: History) -> str:
    """Directory of the pages of an environment that is not the first, with its slash.

    Another branch than the first has one of its own; the first branch's is that of the environment,
    so that links to it survive when branches are added.
    """
    own = [history.machine, history.environment] + [history.branch] * history.other_branch
    words = "-".join([own[1], own[0], *own[2:]])
    return f"e/{slug(words)}-{digest(*own)}/"


def environment_id(history: History) -> str:
    """Name of an environment in addresses: the same whichever environment is the first."""
    return environment_root(history).removeprefix("e/").removesuffix("/")


def environment_name(history: History) -> str:
    """Name of an environment on the pages, with its branch where there are several."""
    branch = f"{history.branch}, " if history.branch else ""
    return f"{branch}{history.environment} on {history.machine}"
