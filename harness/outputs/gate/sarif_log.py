"""The objects of SARIF 2.1.0 that are written, by their names in the standard."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class _Object(msgspec.Struct, rename="camel", omit_defaults=True):
    """An object of the format; what is not set is left out."""


class Message(_Object, kw_only=True):
    """Text for a person."""

    text: str


class ArtifactLocation(_Object, kw_only=True):
    """A file, relative to the root of the repository."""

    uri: str
    uri_base_id: str | None = None


class BaseLocation(_Object, kw_only=True):
    """What relative addresses are relative to."""

    description: Message


class Snippet(_Object, kw_only=True):
    """The text of a region."""

    text: str


class Region(_Object, kw_only=True):
    """Where in a file."""

    start_line: int
    start_column: int | None = None
    snippet: Snippet | None = None


class PhysicalLocation(_Object, kw_only=True):
    """A place in a file."""

    artifact_location: ArtifactLocation
    region: Region | None = None


class LogicalLocation(_Object, kw_only=True):
    """A function or a package."""

    fully_qualified_name: str
    kind: str | None = None


class Location(_Object, kw_only=True):
    """A place, by file and by name."""

    id: int | None = None
    physical_location: PhysicalLocation | None = None
    logical_locations: list[LogicalLocation] = []
    message: Message | None = None


class ThreadFlowLocation(_Object, kw_only=True):
    """One step."""

    location: Location
    nesting_level: int = 0


class ThreadFlow(_Object, kw_only=True):
    """Steps in order."""

    locations: list[ThreadFlowLocation]


class CodeFlow(_Object, kw_only=True):
    """How something comes about."""

    thread_flows: list[ThreadFlow]


class Suppression(_Object, kw_only=True):
    """Why a result does not count."""

    kind: Literal["external"]
    status: Literal["accepted"]
    justification: str


class Result(_Object, kw_only=True):
    """One finding."""

    rule_id: str
    rule_index: int = -1
    level: str = ""
    message: Message
    locations: list[Location] = []
    code_flows: list[CodeFlow] = []
    related_locations: list[Location] = []
    partial_fingerprints: dict[str, str] = {}
    suppressions: list[Suppression] = []
    properties: dict[str, Any] = {}


class Rule(_Object, kw_only=True):
    """What a finding is of (``reportingDescriptor``)."""

    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message


class ToolComponent(_Object, kw_only=True):
    """A tool or a part of one."""

    name: str
    version: str
    semantic_version: str | None = None
    rules: list[Rule] = []


class Tool(_Object, kw_only=True):
    """What made the results."""

    driver: ToolComponent
    extensions: list[ToolComponent] = []


class Notification(_Object, kw_only=True):
    """Something about the run itself."""

    level: str
    message: Message


class Invocation(_Object, kw_only=True):
    """One run of the tool."""

    execution_successful: bool
    exit_code: int
    tool_execution_notifications: list[Notification] = []


class AutomationDetails(_Object, kw_only=True):
    """Which of several runs on one revision it is."""

    id: str


class Run(_Object, kw_only=True):
    """Everything of one run."""

    tool: Tool
    automation_details: AutomationDetails
    invocations: list[Invocation]
    original_uri_base_ids: dict[str, BaseLocation]
    column_kind: Literal["unicodeCodePoints"]
    # Present even where it is empty: a run without the list would mean that nothing was looked at.
    results: list[Result]


class Log(_Object, kw_only=True):
    """The document."""

    schema: str = msgspec.field(name="$schema")
    version: Literal["2.1.0"]
    runs: list[Run]
