"""The environments of a project, before their toolchains are looked up."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.config import Config


@dataclass(frozen=True)
class EnvironmentSpec:
    """One environment of the configuration, before its toolchain is looked up.

    Attributes:
        release: Go release, ``None`` for the default one.
        build_variables: set while compiling and running.
        run_variables: set only while running.
    """

    release: str | None = None
    build_variables: Mapping[str, str] = field(default_factory=dict)
    run_variables: Mapping[str, str] = field(default_factory=dict)


def environments(config: Config, releases: Sequence[str] = ()) -> list[EnvironmentSpec]:
    """The configured environments: every release with every combination of variables.

    ``releases`` take the place of the configured ones.
    """
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
