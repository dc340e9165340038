"""asv's environment for Go: ``"plugins": [".harness.asv_plugin"]`` in ``asv.conf.json``.

The leading dot makes asv import the module by its name, wherever it is installed; without it asv
looks among its own plugins only, and says nothing if there is none.

asv asks an environment to install a revision and to run a suite of Python benchmarks in it. Here
"installing" measures the revision once (unless its record exists) and "running" answers from the
record, in this process. The suite is still asv's: the package in ``benchmark_dir`` is imported by
asv's own discovery, and what it has of :func:`tracked` is what asv runs.

asv fixes the benchmarks and their parameters at discovery, so within one process they are those of
all records at that moment. When the process ends, asv's files are made again from all records.
"""

import argparse
import atexit
import io
import json
import math
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from asv import util
from asv.config import Config as AsvConfig
from asv.console import log
from asv.environment import Environment, EnvironmentUnavailable
from asv.machine import Machine as AsvMachine
from asv_runner.discovery import disc_benchmarks, list_benchmarks

from harness.config import CONFIG_NAMES, Config, load_config
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.errors import EscapeVelocityError, ToolchainError
from harness.model import Environment as GoModel
from harness.model import Outcome, Record
from harness.model.units import asv_unit
from harness.store import RecordKey, RecordStore
from harness.store.asv.layout import VERSION, as_answer, rebuild
from harness.store.asv.machine import machine
from harness.store.asv.suite import Numbers, Suite, Track
from harness.store.files import Stamp, stamp

TrackFunction = Callable[[str], float | dict[str, object]]

_RELEASE = re.compile(r"(?:go)?1\.\d+(?:\.\d+|rc\d+|beta\d+)?|path")


class BenchmarkFailed(Exception):  # noqa: N818 - reads as what it says
    """A benchmark gave no number; the message is the tool's."""


class _Process:
    """State of this process: the frozen suite, and the revision that asv is running.

    asv takes one environment class, not an object of ours, and the suite is imported by name, so
    the two can only meet in a module.
    """

    def __init__(self) -> None:
        self.suite: Suite | None = None
        self.numbers: Numbers | None = None
        self.benchmarks: dict[str, Any] = {}
        self._sessions: dict[Path, Session] = {}
        self._last: tuple[Path, Stamp, Record] | None = None

    def session(self, config: Config) -> Session:
        """The session of a configuration.

        Each use enters it, so that its lock is free in between (``asv run --parallel``).
        """
        if config.path not in self._sessions:
            session = Session(config)
            session.machine = machine(_argument("machine"), config.results_dir)
            self._sessions[config.path] = session
        return self._sessions[config.path]

    def freeze(self, store: RecordStore) -> None:
        """Fix the suite for the life of the process, at whose end asv's files are written."""
        if self.suite is None:
            self.suite = Suite.of(record for _, record in store.numbers_and_sites())
            atexit.register(_rebuild_at_exit, store)

    def read(self, store: RecordStore, path: Path) -> Record | None:
        """The record in a file, ``None`` if there is none or it is set aside.

        The last one is read once, for asv asks for it once for each benchmark.
        """
        try:
            now = stamp(path)
        except OSError:
            return None
        if self._last is None or self._last[:2] != (path, now):
            found = next((record for _, record in store.numbers_and_sites([path])), None)
            self._last = None if found is None else (path, now, found)
        return self._last and self._last[2]


_process = _Process()


def tracked() -> dict[str, TrackFunction]:
    """The benchmarks of every record as functions for asv's discovery; none outside of asv."""
    tracks = _process.suite.tracks.values() if _process.suite is not None else ()
    return {f"track_{index}": _function(track) for index, track in enumerate(tracks)}


def setup() -> None:
    """Called by asv when it loads the plugin."""
    # In a fresh home directory asv asks six questions about the machine, and without a terminal it
    # gives up. Without a terminal take its own defaults, as `asv machine --yes` would.
    asked = AsvMachine.generate_machine_file

    def generate_machine_file(use_defaults: bool = False) -> dict[str, str]:
        if use_defaults or sys.stdout.isatty():
            answers: dict[str, str] = asked(use_defaults=use_defaults)
            return answers
        here = machine(_argument("machine"), _load_configuration().results_dir)
        log.info(f"Taking asv's defaults for this machine, '{here.machine}'")
        return {name: getattr(here, name) for name, _ in AsvMachine.fields}

    AsvMachine.generate_machine_file = staticmethod(generate_machine_file)


class GoEnvironment(Environment):  # type: ignore[misc]  # asv has no types
    """A Go release and the variables of the matrix."""

    tool_name = "go"
    matches_python_fallback = False

    def __init__(
        self,
        conf: Any,
        python: str,
        requirements: Mapping[str, str],
        tagged_env_vars: Mapping[tuple[str, str], str],
    ) -> None:
        self._config = _configuration(conf)
        # asv fills in the version of Python where the configuration names no release.
        release = None if python == AsvConfig().pythons[0] else str(python).removeprefix("go")
        self._spec = EnvironmentSpec(
            release, _tagged(tagged_env_vars, "build"), _tagged(tagged_env_vars, "nobuild")
        )
        self._model = self._find()
        # What the base class and its `name` use before it sets them.
        self._python = self._model.toolchain.release.removeprefix("go")
        self._requirements: dict[str, str] = {}
        self._tagged_env_vars = dict(tagged_env_vars)
        super().__init__(conf, self._python, {}, self._tagged_env_vars)

    @property
    def name(self) -> str:
        """Name as in records: the release that really runs, then the variables."""
        return self._model.name

    @property
    def dir_name(self) -> str:
        """One directory for each name; asv shares one between variables of the run."""
        return str(self.hashname)

    @classmethod
    def matches(cls, python: str) -> bool:
        """Return whether a specifier is a Go release."""
        return bool(_RELEASE.fullmatch(python))

    def check_presence(self) -> bool:
        """Return whether asv's directory is there; toolchains are elsewhere."""
        return Path(self._path).is_dir()

    def _setup(self) -> None:
        Path(self._path).mkdir(parents=True, exist_ok=True)

    @property
    def installed_commit_hash(self) -> str | None:
        """The revision that ``run`` answers for, as long as its record is there.

        asv's own file says which, because with ``--parallel`` another process installs.
        """
        commit = self._get_installed_commit_hash()
        return commit if commit is not None and self._record(commit) is not None else None

    def checkout_project(self, repo: Any, commit_hash: str) -> None:
        """Nothing to do: the engine has its own work trees."""
        self._set_commit_hash(commit_hash)

    def install_project(self, conf: Any, repo: Any, commit_hash: str | None = None) -> None:
        """Measure a revision, unless its record exists; ``esv run`` measures again."""
        if commit_hash is None:
            commit_hash = repo.get_hash_from_name(None)
        record = self._record(commit_hash)
        if record is None:
            self._measure(commit_hash)
            record = self._record(commit_hash)
        if record is None:
            raise util.UserError(f"{commit_hash[:8]}: measured, and there is no record of it")
        self._set_commit_hash(commit_hash)
        if record.outcome is Outcome.BROKEN and not _called_by_find():
            reason = record.errors[0].message if record.errors else "could not be measured"
            log.error(f"{commit_hash[:8]} does not build: {reason}")
            raise util.ProcessError(["go", "build", commit_hash[:8]], 1, "", reason)
        self._set_installed_commit_hash(commit_hash)

    def run(self, args: Sequence[str], **kwargs: Any) -> Any:
        """Answer asv's runner: ``[script, mode, …]``."""
        mode, *rest = args[1:]
        if kwargs.get("return_popen") or mode not in ("discover", "check", "run"):
            raise util.UserError(
                f'asv\'s "{mode}" has no meaning for Go; leave launch_method at its default'
            )
        out = io.StringIO()
        code = 0
        try:
            with redirect_stdout(out), redirect_stderr(out):
                if mode == "discover":
                    self._discover(rest[0], Path(rest[1]))
                elif mode == "check":
                    code = int(not all(b.check(rest[0]) for b in _process.benchmarks.values()))
                else:
                    code = self._run(rest[1], Path(rest[4]), out)
        except EscapeVelocityError as err:
            raise util.UserError(str(err)) from None
        except Exception:
            out.write(traceback.format_exc())
            code = 1
        text = out.getvalue()
        if kwargs.get("return_stderr"):
            return text, "", code
        if code:
            log.error(text)
            raise util.ProcessError(list(args), code, text, "")
        return text

    def _find(self) -> GoModel:
        try:
            return _process.session(self._config).environment(self._spec)
        except ToolchainError as err:
            raise EnvironmentUnavailable(str(err)) from None
        except EscapeVelocityError as err:
            raise util.UserError(str(err)) from None

    def _measure(self, commit: str) -> None:
        try:
            with _process.session(self._config) as session:
                session.measure(commit, self._spec)
        except EscapeVelocityError as err:
            raise util.UserError(f"{commit[:8]}: {err}") from None

    def _record(self, commit: str) -> Record | None:
        session = _process.session(self._config)
        path = session.store.path(RecordKey(session.machine.machine, commit, self.name))
        record = _process.read(session.store, path)
        return record if record is not None and record.revision.hash == commit else None

    def _discover(self, root: str, target: Path) -> None:
        """Import the suite as asv does, and list what it has."""
        _process.freeze(_process.session(self._config).store)
        _process.benchmarks = {}
        package = Path(root).name
        for module in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
            del sys.modules[module]
        finders = list(sys.meta_path)
        try:
            with target.open("w", encoding="utf-8") as stream:
                list_benchmarks(root, stream)
            _process.benchmarks = {b.name: b for b in disc_benchmarks(root)}
        finally:
            sys.meta_path[:] = finders

    def _run(self, benchmark_id: str, target: Path, out: io.StringIO) -> int:
        """Answer for one benchmark with one parameter; the exit status that asv sees."""
        commit = self.installed_commit_hash
        record = self._record(commit) if commit is not None else None
        name, _, index = benchmark_id.partition("-")
        benchmark = _process.benchmarks.get(name)
        if record is None or benchmark is None:
            out.write(f"no such benchmark: {benchmark_id}" if record else "no record")
            return 1
        if _process.numbers is None or _process.numbers.record is not record:
            _process.numbers = Numbers(record)
        if index:
            benchmark.set_param_idx(int(index))
        try:
            answer = math.nan if benchmark.do_setup() else benchmark.do_run()
        except BenchmarkFailed as err:
            out.write(str(err))
            return 1
        target.write_text(json.dumps(answer), "utf-8")
        return 0


def _function(track: Track) -> TrackFunction:
    """A function that asv's discovery takes for the benchmark ``track``."""

    def value(param: str) -> float | dict[str, object]:
        numbers = _process.numbers
        if numbers is None:
            raise BenchmarkFailed("no revision has been measured")
        found = numbers.value(track, param)
        answer = as_answer(found)
        if answer is None:
            raise BenchmarkFailed(found.reason)
        return answer

    vars(value).update(
        benchmark_name=track.name,
        pretty_name=track.title,
        pretty_source=track.source,
        version=VERSION,
        unit=asv_unit(track.unit),
        param_names=[track.axis],
        params=[list(track.params)],
    )
    return value


def _rebuild_at_exit(store: RecordStore) -> None:
    """Make asv's files agree with all records; what asv wrote knows only the frozen suite."""
    try:
        rebuild(store)
    except EscapeVelocityError as err:
        log.error(f"asv's files are not up to date: {err}")
        log.flush()


def _called_by_find() -> bool:
    """Return whether ``asv find`` is the direct caller of ``install_project``.

    asv 0.6 ends in a traceback there if a revision does not build, while it goes on to the next one
    if its benchmark fails. So in this one place a revision that does not build counts as installed,
    and every benchmark of it fails.
    """
    caller = sys._getframe(2)
    return caller.f_globals.get("__name__") == "asv.commands.find"


def _tagged(tagged: Mapping[tuple[str, str], str], tag: str) -> dict[str, str]:
    return {name: str(value) for (kind, name), value in tagged.items() if kind == tag}


def _configuration(conf: Any) -> Config:
    """Our settings in asv's file. asv does not name the file, but changes to its directory."""
    config = _load_configuration()
    if Path(conf.results_dir).resolve() != config.results_dir:
        raise util.UserError(f"{config.path} is not what asv has read; name it with --config")
    return config


def _load_configuration() -> Config:
    named = _argument("config")
    names = (Path(named).name,) if named else CONFIG_NAMES
    path = next((p for p in map(Path, names) if p.is_file()), None)
    if path is None:
        raise util.UserError(f"no {names[0]} in {Path.cwd()}")
    try:
        return load_config(path)
    except EscapeVelocityError as err:
        raise util.UserError(str(err)) from None


def _argument(name: str) -> str | None:
    """Value of ``--config`` or ``--machine`` on asv's command line, which plugins do not get."""
    program = Path(sys.argv[0])
    if program.stem != "asv" and program.parent.name != "asv":
        return None
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config")
    parser.add_argument("--machine", "-m")
    value: str | None = getattr(parser.parse_known_args(sys.argv[1:])[0], name)
    return value
