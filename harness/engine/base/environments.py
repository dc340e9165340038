"""The environments of a project, before their toolchains are looked up."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.config import Config


@dataclass(frozen=True)
class EnvironmentSpec:
    """One environment of the configuration, before its toolchain is looked up."""

    release: str | None = None  # Go release, `None` for the default one
    # Set while compiling and running.
    build_variables: Mapping[str, str] = field(default_factory=dict)
    run_variables: Mapping[str, str] = field(default_factory=dict)  # set only while running


def environments(config: Config, releases: Sequence[str] = ()) -> list[EnvironmentSpec]:
    """Every release, of these or else the configured ones, with every combination of variables."""
    names: list[str | None] = list(releases or config.releases) or [None]
    return [
        EnvironmentSpec(release, build, run)
        for release in names
        for build in _combinations(config.matrix["env"])
        for run in _combinations(config.matrix["env_nobuild"])
    ]


def _combinations(variables: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    names = sorted(variables)
    product = itertools.product(*(variables[name] for name in names))
    return [dict(zip(names, values, strict=True)) for values in product]
