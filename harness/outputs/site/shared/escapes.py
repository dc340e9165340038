"""Escape sites as pages show them, with the compiler's explanation. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.compare.costs import UNKNOWN, SiteCost
from harness.model import EscapeSite, FlowStep
from harness.outputs.site.shared.section import Section
from harness.outputs.text.explanation import describe_cost
from harness.outputs.text.format import clip

_MOST_FLOW = 60
_FROM = re.compile(r"from (.*) \(([a-z -]+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FlowView:
    """One line of the compiler's explanation; a ``head`` says what flows where."""

    text: str
    why: str
    where: str
    head: bool


@dataclass(frozen=True, slots=True)
class UseView:
    """The account that has the line of an escape site, and how much of it.

    An empty ``href`` means that no account has the site.
    """

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class EscapeView:
    """An escape site; ``use`` is ``None`` where there are no accounts, ``cost`` may be empty.

    ``href`` is its line on the page of its source, empty if there is none; ``idle`` says that the
    compiled code allocates nothing there.
    """

    package: str
    where: str
    function: str
    message: str
    kind: str
    flow: tuple[FlowStep, ...]
    use: UseView | None = None
    cost: str = ""
    href: str = ""
    idle: bool = False


def escape_view(
    section: Section,
    site: EscapeSite,
    use: UseView | None = None,
    cost: SiteCost = UNKNOWN,
    *,
    place: tuple[str, str] = ("", ""),
    by: int | None = None,
) -> EscapeView:
    """An escape site, printed.

    Args:
        section: of the site.
        site: what is shown.
        use: what an account makes of it.
        cost: as far as it is known.
        place: its revision, and the prefix of links.
        by: see :meth:`.sources.SourcePlan.link`.
    """
    revision, up = place
    return EscapeView(
        package=section.short_package(site.package),
        where=clip(str(site.position), 300),
        function=clip(site.function, 160),
        message=clip(site.message, 400),
        kind=site.kind.value,
        flow=site.flow,
        use=use,
        cost=describe_cost(cost),
        href=section.plan.link(revision, site.position.file, site.position.line, up, by),
        idle=cost.allocates is False and not (use and use.href),
    )


def flow_view(flow: Sequence[FlowStep]) -> tuple[FlowView, ...]:
    """The compiler's explanation, its words told apart: ``from x (why)``, ``flow: a ← b:``."""
    return tuple(_flow(step) for step in flow[:_MOST_FLOW])


def _flow(step: FlowStep) -> FlowView:
    where = "" if step.position is None else clip(str(step.position), 300)
    text = clip(step.text, 400)
    if text.startswith("flow: "):
        return FlowView(text.removeprefix("flow: ").removesuffix(":"), "", where, head=True)
    match = _FROM.fullmatch(text)
    if match is None:
        return FlowView(text, "", where, head=False)
    return FlowView(match[1], match[2], where, head=False)


def short_function(name: str) -> str:
    """A function without the shapes that it was instantiated with: ``Top[...]``."""
    start = name.find("[go.shape.")
    if start < 0:
        return clip(name, 160)
    depth = 0
    for end in range(start, len(name)):
        depth += {"[": 1, "]": -1}.get(name[end], 0)
        if depth == 0:
            return clip(f"{name[:start]}[...]{name[end + 1 :]}", 160)
    return clip(name, 160)
