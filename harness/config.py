"""Typed settings, read from one ``asv.conf.json``.

asv's own keys keep their meaning; ``pythons`` lists the Go releases. Ours are under ``"go"``
(:class:`GoSettings`), where an unknown key is an error that names the nearest known one. Whatever
is wrong with a file or a value is a :class:`ConfigError`.
"""

import contextlib
import difflib
import json
import re
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from harness.errors import ConfigError
from harness.model.selection import check

CONFIG_NAMES = ("asv.conf.json", "asv.conf.jsonc")
# The library that reads JSON with comments takes eight seconds for a megabyte.
_MOST_JSON5 = 256 << 10
_SURROGATE = re.compile("[\ud800-\udfff]")
_TIME = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_DURATION = re.compile(r"(?:\d{1,18}x|(?:\d{1,18}(?:\.\d{1,18})?(?:ns|us|µs|ms|s|m|h))+)")

_ASV_VERSION = 1
_RUNNING_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


class _AsvKeys(msgspec.Struct, kw_only=True):
    """The keys of asv that the harness reads, with asv's defaults; asv does not check the types."""

    project: str = "project"
    repo: str
    repo_subdir: str | None = ""
    branches: list[str | None] = msgspec.field(default_factory=lambda: [None])
    pythons: list[str | float] = msgspec.field(default_factory=lambda: [_RUNNING_PYTHON])
    results_dir: str = "results"
    html_dir: str = "html"
    env_dir: str = "env"
    show_commit_url: str = "#"
    default_benchmark_timeout: float = 60.0
    install_timeout: float = 600.0
    hash_length: int = 8
    matrix: dict[str, Any] = {}


# A test compares them with asv.
ASV_DEFAULTS: dict[str, Any] = {**msgspec.to_builtins(_AsvKeys(repo="")), "repo": None}


@dataclass(frozen=True, slots=True)
class GoSettings:
    """The ``"go"`` section of ``asv.conf.json``; described in docs/configuration.md."""

    packages: tuple[str, ...] = ("./...",)
    bench: str = "."
    alloc_benchtime: str = "100x"  # iterations of the allocation lane
    benchtime: str = "100ms"  # of one repetition of the time lane
    count: int = 6  # repetitions of the time lane
    modules: tuple[str, ...] = ()  # directories in the repository; empty for every `go.mod`
    # Import path of the root module where a revision has no `go.mod`; empty to take it from a later
    # revision or from the imports.
    module_path: str = ""
    pass_env: tuple[str, ...] = ()  # variables that Go and benchmarks may see; never secrets
    stale_after: str = "3d"
    cache_dir: str = ""  # empty for the user's cache directory


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one measured project; every path is absolute."""

    path: Path
    project: str
    repo: str  # a directory, or a URL that is mirrored
    repo_subdir: str  # directory inside the repository that holds the project
    branches: tuple[str, ...]  # branches whose history is walked; empty for the one checked out
    releases: tuple[str, ...]  # Go releases, `1.27.3`; empty for the default one
    # asv's `matrix`: `env` and `env_nobuild` variables with their values.
    matrix: dict[str, dict[str, tuple[str, ...]]]
    results_dir: Path
    html_dir: Path
    env_dir: Path
    show_commit_url: str
    benchmark_timeout: float  # seconds that one benchmark may run without printing
    build_timeout: float  # seconds that one call of Go's tools may take
    hash_length: int = 8
    go: GoSettings = field(default_factory=GoSettings)

    @property
    def stale_after(self) -> float:
        """Seconds after which measuring counts as stopped."""
        return seconds(self.go.stale_after, "go.stale_after")

    @property
    def cache_dir(self) -> Path:
        """The directory of everything that can be made again."""
        if self.go.cache_dir:
            return (self.path.parent / self.go.cache_dir).resolve()
        return user_cache_dir()


def user_cache_dir() -> Path:
    """Return the user's cache directory for the harness (``$XDG_CACHE_HOME/escape-velocity``)."""
    try:
        path = Path(platformdirs.user_cache_dir("escape-velocity"))
    except RuntimeError:  # newer versions of platformdirs raise it
        path = Path("~")
    if not path.is_absolute():
        raise ConfigError(
            'no home directory for the cache: set HOME or XDG_CACHE_HOME, or "cache_dir" in the'
            ' "go" section of asv.conf.json'
        )
    return path


def find_config(start: Path) -> Path:
    """Return the nearest ``asv.conf.json`` in ``start`` or above it."""
    for directory in (start, *start.parents):
        for name in CONFIG_NAMES:
            if (directory / name).is_file():
                return directory / name
    raise ConfigError(
        f"no asv.conf.json in {start} or above it; write one with `esv init`,"
        " or name one with --config FILE"
    )


def load_config(path: Path) -> Config:
    """Read and check a configuration file."""
    try:
        raw = _plain(path) or _as_asv_reads_it(path)
        _check_texts(path, raw)
    except RecursionError:
        raise ConfigError(f"{path}: arrays or objects are nested too deeply") from None
    root = path.resolve().parent
    try:
        asv = msgspec.convert({f: raw[f] for f in _AsvKeys.__struct_fields__}, _AsvKeys)
    except msgspec.ValidationError as err:
        raise ConfigError(f"{path}: {str(err).replace('$.', '')}") from None
    # asv's default is the Python that runs, which says nothing about Go.
    pythons = [] if asv.pythons == [_RUNNING_PYTHON] else asv.pythons
    return Config(
        path=path.resolve(),
        project=str(asv.project),
        repo=_repository(str(asv.repo), root),
        repo_subdir=str(asv.repo_subdir or ""),
        branches=tuple(str(b) for b in asv.branches if b is not None),
        releases=tuple(str(p).removeprefix("go") for p in pythons),
        matrix=_matrix(path, asv.matrix),
        results_dir=(root / asv.results_dir).resolve(),
        html_dir=(root / asv.html_dir).resolve(),
        env_dir=(root / asv.env_dir).resolve(),
        show_commit_url=str(asv.show_commit_url),
        benchmark_timeout=float(asv.default_benchmark_timeout),
        build_timeout=float(asv.install_timeout),
        hash_length=int(asv.hash_length),
        go=go_settings(path, raw.get("go", {})),
    )


def _plain(path: Path) -> dict[str, Any] | None:
    """Return the keys of a file that is plain JSON and right as far as asv looks; else ``None``.

    asv reads every file as JSON5; to import it takes as long as the rest of the harness.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.pop("version", None) != _ASV_VERSION:
        return None
    keys = {**ASV_DEFAULTS, **data}
    return keys if keys["repo"] and keys["branches"] else None


def _as_asv_reads_it(path: Path) -> dict[str, Any]:
    """Return the keys of a file with comments; what is wrong with it, in asv's words."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > _MOST_JSON5:
            raise ConfigError(
                f"{path}: is no plain JSON, and larger than the {_MOST_JSON5:,} bytes that are read"
                " with comments"
            )
    from asv.config import Config as AsvConfig
    from asv.util import UserError as AsvUserError

    try:
        keys: dict[str, Any] = vars(AsvConfig.load(str(path)))
    except AsvUserError as err:
        raise ConfigError(f"{path}: {_first_line(err)}") from None
    except (ValueError, OSError) as err:
        raise ConfigError(f"{path}: not readable as JSON: {_first_line(err)}") from None
    except TypeError:
        raise ConfigError(f"{path}: must hold a JSON object") from None
    return keys


def _check_texts(path: Path, value: object) -> None:
    """Refuse texts that no path, argument or file can hold."""
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and _SURROGATE.search(value)):
            raise ConfigError(f"{path}: {value[:60]!a} has a NUL or half of a surrogate pair")
    elif isinstance(value, dict):
        _check_texts(path, [*value.keys(), *value.values()])
    elif isinstance(value, list):
        for item in value:
            _check_texts(path, item)


def go_settings(path: Path, section: object) -> GoSettings:
    """Check the ``"go"`` section."""
    if not isinstance(section, dict):
        raise ConfigError(f'{path}: "go" must be an object')
    known = [f.name for f in fields(GoSettings)]
    for key in section:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
            raise ConfigError(f'{path}: unknown key {json.dumps(key)} in "go": {hint}')
    try:
        settings = msgspec.convert(section, GoSettings)
    except msgspec.ValidationError as err:
        raise ConfigError(f"{path}: {str(err).replace('$', 'go')}") from None
    for name in ("alloc_benchtime", "benchtime"):
        value = getattr(settings, name)
        if not _DURATION.fullmatch(value) or not re.search("[1-9]", value):
            raise ConfigError(
                f"{path}: go.{name} is {json.dumps(value)};"
                ' write it as go test -benchtime takes it, such as "100x" or "0.5s"'
            )
    if not settings.alloc_benchtime.endswith("x"):
        raise ConfigError(
            f"{path}: go.alloc_benchtime is {json.dumps(settings.alloc_benchtime)};"
            ' counts repeat only with a fixed number of iterations, such as "100x"'
        )
    if settings.count < 1:
        raise ConfigError(f"{path}: go.count is {settings.count}; it must be at least 1")
    check_bench(settings.bench, f"{path}: go.bench")
    if not seconds(settings.stale_after, f"{path}: go.stale_after"):
        raise ConfigError(f"{path}: go.stale_after must be above 0")
    return settings


def check_bench(expression: str, where: str) -> None:
    """Refuse a benchmark expression that Go would refuse only after the build.

    Go's syntax (RE2) is a subset of Python's but for a few escapes that nobody uses in names.
    """
    try:
        check(expression)
    except (re.error, OverflowError, RecursionError) as err:
        raise ConfigError(f"{where}: {expression!r} is not a regular expression: {err}") from None


def seconds(text: str, where: str) -> float:
    """Return ``3d``, ``2h``, ``90m``, ``1h30m``, ``45s`` in seconds."""
    match = _TIME.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ConfigError(f"{where}: {text!r} is no time such as 2h, 90m or 1h30m")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return float(days * 86400 + hours * 3600 + minutes * 60 + rest)


def _repository(repo: str, root: Path) -> str:
    """Return the repository as given if it is a URL, else its absolute directory."""
    if re.match(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:", repo):
        return repo
    return str((root / repo).resolve())


def _matrix(path: Path, matrix: object) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return asv's matrix; Python requirements have no meaning for Go and are refused."""
    result: dict[str, dict[str, tuple[str, ...]]] = {"env": {}, "env_nobuild": {}}
    if not isinstance(matrix, dict):
        raise ConfigError(f'{path}: "matrix" must be an object')
    for kind, variables in matrix.items():
        if kind not in result:
            raise ConfigError(
                f'{path}: "matrix" has {json.dumps(kind)};'
                ' for Go it may hold "env" and "env_nobuild"'
            )
        if not isinstance(variables, dict):
            raise ConfigError(f'{path}: "matrix.{kind}" must be an object')
        for name, values in variables.items():
            listed = values if isinstance(values, list) else [values]
            if any(isinstance(v, (list, dict)) for v in listed):
                raise ConfigError(f'{path}: "matrix.{kind}.{name}" must be a list of texts')
            result[kind][str(name)] = tuple(str(v) for v in listed if v is not None)
    return result


def _first_line(err: BaseException) -> str:
    text = str(err).strip()
    return text.splitlines()[0] if text else type(err).__name__
