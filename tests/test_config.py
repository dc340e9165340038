"""Reading ``asv.conf.json``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from asv.config import Config as AsvConfig
from hypothesis import example, given
from hypothesis import strategies as st

from harness.config import (
    ASV_DEFAULTS,
    Config,
    GoSettings,
    find_config,
    go_settings,
    load_config,
)
from harness.errors import ConfigError


def write(directory: Path, text: str) -> Path:
    path = directory / "asv.conf.json"
    path.write_text(text, "utf-8")
    return path


def load(directory: Path, **values: object) -> Config:
    base: dict[str, Any] = {"version": 1, "project": "p", "repo": "."}
    return load_config(write(directory, json.dumps({**base, **values})))


def refused(directory: Path, **values: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(directory, **values)
    return str(caught.value)


def test_the_smallest_configuration(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.repo == str(tmp_path)
    assert config.releases == ()
    assert config.go == GoSettings()
    assert config.results_dir == tmp_path / "results"
    assert config.matrix == {"env": {}, "env_nobuild": {}}


def test_the_defaults_are_those_of_asv() -> None:
    there = vars(AsvConfig())
    assert {key: there[key] for key in ASV_DEFAULTS} == ASV_DEFAULTS


def test_a_comment_does_not_change_what_is_read(tmp_path: Path) -> None:
    values = {
        "version": 1, "repo": "src", "branches": ["main"], "pythons": ["1.26.1"],
        "results_dir": "r", "html_dir": "h", "env_dir": "e", "show_commit_url": "https://x/",
        "default_benchmark_timeout": 3, "install_timeout": 4, "hash_length": 9,
        "matrix": {"env": {"A": ["1", None]}}, "go": {"count": 3}, "plugins": [".x"],
    }  # fmt: skip
    plain = load_config(write(tmp_path, json.dumps(values)))
    assert load_config(write(tmp_path, json.dumps(values) + "// the same")) == plain
    assert (plain.hash_length, plain.go.count, plain.releases) == (9, 3, ("1.26.1",))


def test_comments_are_allowed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
{
  // asv allows comments
  "version": 1, "project": "p", // also here
  "repo": "https://example.com/a//b.git",
  "go": {"bench": "^Benchmark//x"} // slashes in text stay
}
""",
    )
    config = load_config(path)
    assert config.repo == "https://example.com/a//b.git"
    assert config.go.bench == "^Benchmark//x"


def test_paths_are_relative_to_the_file_and_not_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "conf"
    inner.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(inner, '{"version": 1, "project": "p", "repo": "../src", "results_dir": "out"}')
    monkeypatch.chdir(elsewhere)
    config = load_config(Path(os.path.relpath(inner / "asv.conf.json")))
    assert config.repo == str(tmp_path / "src")
    assert config.results_dir == inner / "out"
    assert config.path == inner / "asv.conf.json"


@pytest.mark.parametrize(
    "url",
    ["https://example.com/m.git", "ssh://git@example.com/m", "git@example.com:m/m.git",
     "file:///srv/m"],
)  # fmt: skip
def test_urls_are_left_alone(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, repo=url).repo == url


def test_releases_are_the_pythons(tmp_path: Path) -> None:
    assert load(tmp_path, pythons=["1.27.3", "go1.26.6"]).releases == ("1.27.3", "1.26.6")
    assert load(tmp_path, pythons=[]).releases == ()


def test_matrix(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        matrix={"env": {"GOAMD64": ["v1", "v3"]}, "env_nobuild": {"GOGC": "off", "X": [None]}},
    )
    assert config.matrix["env"] == {"GOAMD64": ("v1", "v3")}
    assert config.matrix["env_nobuild"]["GOGC"] == ("off",)
    assert "req" in refused(tmp_path, matrix={"req": {"numpy": []}})


@pytest.mark.parametrize("matrix", [[], "x", {"env": []}, {"env": "GOGC=off"}, {"env": {"A": {}}}])
def test_a_matrix_of_another_shape_is_refused(tmp_path: Path, matrix: object) -> None:
    assert "matrix" in refused(tmp_path, matrix=matrix)


@pytest.mark.parametrize(
    ("key", "near"),
    [("benchTime", "benchtime"), ("package", "packages"), ("alloc_bench_time", "alloc_benchtime"),
     ("passenv", "pass_env"), ("module", "modules")],
)  # fmt: skip
def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path, key: str, near: str) -> None:
    message = refused(tmp_path, go={key: "x"})
    assert f'unknown key "{key}"' in message
    assert f'did you mean "{near}"?' in message
    assert str(tmp_path) in message


def test_an_unknown_key_like_none_lists_them_all(tmp_path: Path) -> None:
    message = refused(tmp_path, go={"zzz": 1})
    assert all(key in message for key in asdict(GoSettings()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("packages", "./..."), ("packages", [1]), ("count", "6"), ("count", 1.5), ("count", True),
     ("bench", 3), ("bench", None), ("modules", {"a": 1}), ("pass_env", "HOME")],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_refused_by_name(
    tmp_path: Path, key: str, value: object
) -> None:
    assert f"go.{key}" in refused(tmp_path, go={key: value})


@pytest.mark.parametrize("count", [0, -1])
def test_count_must_be_positive(tmp_path: Path, count: int) -> None:
    assert "go.count" in refused(tmp_path, go={"count": count})


@pytest.mark.parametrize("value", ["", "x", "100", "1 s", "-1s", "100x ", "1.5x", "1d", "s", "1s;"])
@pytest.mark.parametrize("key", ["benchtime", "alloc_benchtime"])
def test_a_benchtime_that_go_would_refuse(tmp_path: Path, key: str, value: str) -> None:
    assert f"go.{key}" in refused(tmp_path, go={key: value})


@pytest.mark.parametrize("value", ["100x", "1s", "1.5s", "100ms", "1m30s", "50us"])
def test_a_benchtime_that_go_takes(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, go={"benchtime": value}).go.benchtime == value


@pytest.mark.parametrize("value", ["0x", "0s", "0.0ms"])
def test_a_benchtime_of_nothing_is_refused(tmp_path: Path, value: str) -> None:
    # `go test -benchtime=0x` is an error, and 0s runs every benchmark once.
    assert "go.alloc_benchtime" in refused(tmp_path, go={"alloc_benchtime": value})


def test_the_allocation_lane_counts_iterations(tmp_path: Path) -> None:
    # A duration gives another number of iterations each time, and counts that do not repeat.
    assert "go.alloc_benchtime" in refused(tmp_path, go={"alloc_benchtime": "1s"})


def test_a_benchmark_expression_that_does_not_compile(tmp_path: Path) -> None:
    assert "go.bench" in refused(tmp_path, go={"bench": "Benchmark("})


@pytest.mark.parametrize("section", [[], "x", 3, None])
def test_the_section_must_be_an_object(tmp_path: Path, section: object) -> None:
    assert '"go"' in refused(tmp_path, go=section)


def test_repo_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, '{"version": 1, "project": "p"}')
    with pytest.raises(ConfigError, match="repo"):
        load_config(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"version": 1, "repo": }', "\x00"])
def test_what_is_no_json_object(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"asv\.conf\.json"):
        load_config(write(tmp_path, text))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "asv.conf.json"
    path.write_bytes(b'{"version": 1, "repo": "\xff"}')
    with pytest.raises(ConfigError, match=r"asv\.conf\.json"):
        load_config(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"asv\.conf\.json"):
        load_config(tmp_path / "asv.conf.json")


@pytest.mark.parametrize(
    "values",
    [{"branches": "main"}, {"pythons": "1.27"}, {"default_benchmark_timeout": "x"},
     {"install_timeout": []}, {"hash_length": "many"}, {"results_dir": 3}],
)  # fmt: skip
def test_asvs_own_keys_are_checked(tmp_path: Path, values: dict[str, object]) -> None:
    assert next(iter(values)) in refused(tmp_path, **values)


def test_find_config_goes_upwards(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(ConfigError, match="esv init"):
        find_config(inner)
    path = write(tmp_path, "{}")
    assert find_config(inner) == path
    (tmp_path / "a" / "asv.conf.jsonc").write_text("{}")
    assert find_config(inner) == tmp_path / "a" / "asv.conf.jsonc"
    (inner / "asv.conf.json").mkdir()
    assert find_config(inner) == tmp_path / "a" / "asv.conf.jsonc", "a directory is no file"


def test_the_cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert load(tmp_path).cache_dir == tmp_path / "xdg" / "escape-velocity"
    assert load(tmp_path, go={"cache_dir": "c"}).cache_dir == tmp_path / "c"


def test_defaults_pass_their_own_check() -> None:
    assert go_settings(Path("x"), asdict(GoSettings())) == GoSettings()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@example({"alloc_benchtime": "\x85"})
@example({"\u2028": 1})
@given(st.dictionaries(st.sampled_from([*asdict(GoSettings()), "bnech", ""]), JSON, max_size=4))
def test_any_section_is_taken_or_refused_in_one_line(section: dict[str, object]) -> None:
    try:
        settings = go_settings(Path("asv.conf.json"), section)
    except ConfigError as err:
        assert str(err).startswith("asv.conf.json: ")
        assert len(str(err).splitlines()) == 1 or any("\n" in str(v) for v in section.values())
    else:
        for key, value in section.items():
            kept = getattr(settings, key)
            assert (list(kept) if isinstance(kept, tuple) else kept) == value
