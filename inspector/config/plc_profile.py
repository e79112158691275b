"""A PLC's settings, `stations/plc/<name>.toml`: how it is reached and where it has which node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from inspector.plc.contract import (
    NAMES,
    OF_EPOCH,
    OF_OPERATOR,
    OF_SYNC,
    OPTIONAL,
    USABLE,
    WRITTEN,
    Place,
    all_written_nodes,
    default_id,
    filled,
    fitting_holes,
    holes,
    kind_of,
    other_ways,
    read_nodes,
    split,
    taken_nodes,
)
from inspector.settings import Name, OnePassword, Settings

_MOST_NUMERIC_ID = 0xFFFFFFFF


class NodePlace(Settings):
    """Where a PLC has one node of the contract, where that is not where the contract has it."""

    id: str | None = Field(
        default=None,
        description="NodeId behind the namespace, s=... or i=..., with {prefix}, {slot}, and {view}"
        " or its place in the station's file: {number} from 0, {number_from_1} from 1, where these"
        " belong; empty: the PLC has no such node.",
    )
    type: Literal["UInt32", "Int32", "Boolean"] | None = Field(
        default=None, description="Type that it must have at the PLC; not given: a usable one."
    )


class PullSettings(OnePassword):
    """Our server that a PLC reads which nobody may write to; only with transport pull."""

    host: str = Field(min_length=1, description="Address of ours that the server listens on.")
    port: int = Field(default=4841, ge=1, le=65535, description="TCP port of the server.")
    user: str = Field(min_length=1, max_length=64, description="User name of the PLC's client.")
    trust_dir: str = Field(
        min_length=1,
        description="Folder with the certificate (DER) of the PLC's client; relative to the site.",
    )


class PlcProfile(Settings):
    """How a PLC is reached, and where it has which node: `stations/plc/<name>.toml`."""

    name: Name = Field(description="As the file; stations name it in plc.")
    endpoint: str = Field(pattern=r"^opc\.tcp://", description="Of the PLC's OPC UA server.")
    policy: Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "None"] = (
        Field(
            default="Basic256Sha256",
            description="Security policy, always SignAndEncrypt; None needs unencrypted too.",
        )
    )
    unencrypted: bool = Field(
        default=False, description="Must be true for policy None, and is shown while it stands."
    )
    user: str = Field(default="", description="User name at the PLC; empty: anonymous.")
    password_env: str = Field(
        default="", description="Environment variable that holds the user's password."
    )
    password_file: str = Field(
        default="", description="Or file with it, relative to the site, mode 0600 or stricter."
    )
    server_certificate: str = Field(
        default="", description="The PLC's certificate (DER), relative to the site."
    )
    trust_dir: str = Field(
        default="",
        description="Or folder, relative to the site, with certificates (DER) of PLCs or of those"
        " who issue them; what lies in its folder `rejected` is believed no more.",
    )
    namespace_uri: str = Field(description="Of the nodes; looked up at each connect.")
    prefix: str = Field(
        default="", max_length=64, description="Put before each station's own prefix."
    )
    transport: Literal["tables", "mailbox", "method", "pull"] = Field(
        default="tables",
        description="How words reach the PLC: into a slot for each part, one at a time into a"
        " mailbox, by calling a method, or the PLC reads them from us.",
    )
    pull: PullSettings | None = Field(
        default=None,
        description="Our server that the PLC reads; needed with transport pull, and only there.",
    )
    slot_count: int = Field(ge=8, le=256, description="Slots of the tables: a power of two.")
    epoch: bool = Field(
        default=True,
        description="The PLC compares the epoch; without it the heartbeat stops where the epoch"
        " would rise.",
    )
    operator_table: bool = Field(
        default=True, description="The PLC has Operator.Slot and Operator.Latched."
    )
    sync: Literal["request", "standstill", "software_trigger"] = Field(
        default="request",
        description="How frames are matched with parts: in a gap that the PLC makes, while the belt"
        " stands, or we ask the cameras for each picture and the PLC fires none (slow lines only).",
    )
    nodes: dict[str, NodePlace] = Field(
        default_factory=dict,
        description="Nodes that the PLC has elsewhere, by their names in the contract.",
        json_schema_extra={"propertyNames": {"enum": list(NAMES)}},
    )
    poll_ms: int = Field(default=50, ge=10, le=1000, description="Between two reads of a station.")
    request_timeout_s: float = Field(
        default=1.0, gt=0, le=10, description="A request without an answer for so long failed."
    )

    @property
    def encrypted(self) -> bool:
        """Return whether what is said to the PLC is signed and encrypted."""
        return self.policy != "None"

    @property
    def asks_cameras(self) -> bool:
        """Return whether we ask the cameras for each picture, because the PLC fires none."""
        return self.sync == "software_trigger"

    @property
    def places(self) -> dict[str, Place]:
        """Return where the PLC has each node of the contract; an empty id: nowhere."""
        return {name: self.place(name) for name in NAMES}

    def place(self, name: str) -> Place:
        """Return where the PLC has one node of the contract; an empty id: nowhere."""
        given = self.nodes.get(name, NodePlace())
        if name in self._left_out():
            return Place("")
        return Place(default_id(name) if given.id is None else given.id, given.type or "")

    def _left_out(self) -> tuple[str, ...]:
        """Return the nodes that the PLC lacks by one of the switches."""
        without_epoch = () if self.epoch else OF_EPOCH
        without_operator = () if self.operator_table else OF_OPERATOR
        without_request = () if self.sync == "request" else OF_SYNC
        without_outputs = ("Camera.Ring",) if self.asks_cameras else ()
        without_writes = WRITTEN if self.transport == "pull" else ()
        without = without_epoch + without_operator + without_request + without_outputs
        return without + without_writes + other_ways(self.transport)

    @field_validator("nodes")
    @classmethod
    def _known_nodes(cls, nodes: dict[str, NodePlace]) -> dict[str, NodePlace]:
        for name, node in nodes.items():
            if name not in NAMES:
                quoted = ", ".join(f'"{known}"' for known in NAMES)
                msg = f'no node is called "{name}" (in quotes, one of: {quoted})'
                raise ValueError(msg)
            if why := _wrong_template(name, node.id) or _wrong_type(name, node.type):
                msg = f'"{name}": {why}'
                raise ValueError(msg)
        return nodes

    @model_validator(mode="after")
    def _complete(self) -> PlcProfile:
        for why in (*self._wrong_security(), *self._wrong_nodes(), *self._wrong_pull()):
            raise ValueError(why)
        return self

    def _wrong_security(self) -> Iterator[str]:
        if self.slot_count & (self.slot_count - 1):
            yield "slot_count must be a power of two"
        if self.encrypted == self.unencrypted:
            yield (
                'policy = "None" sends everything readable and changeable by others on the network:'
                " it needs unencrypted = true beside it, and is shown for as long as it stands"
                if self.unencrypted is False
                else f'unencrypted = true belongs to policy = "None", not to "{self.policy}"'
            )
        if bool(self.user) != (bool(self.password_env) != bool(self.password_file)):
            yield "a user needs password_env or password_file, one of them, and nobody else does"
        if self.encrypted and bool(self.server_certificate) == bool(self.trust_dir):
            yield "one of server_certificate and trust_dir is needed, and not both"

    def _wrong_pull(self) -> Iterator[str]:
        if self.transport == "pull" and self.pull is None:
            yield 'transport = "pull" needs a table [pull]: where the PLC reads us, and as whom'
        elif self.pull and self.transport != "pull":
            yield f'a table [pull] belongs to transport = "pull", not to "{self.transport}"'

    def _wrong_nodes(self) -> Iterator[str]:
        missing = {name for name, node in self.nodes.items() if node.id == ""}
        for name in missing - {*OPTIONAL, *self._left_out()}:
            yield f'nodes."{name}": every PLC needs this node, so its id cannot be empty'
        for name in self.nodes.keys() - missing:
            if name in self._left_out():
                switches = "transport, epoch, operator_table or sync"
                yield f'nodes."{name}": {switches} says that there is none'


def node_of(profile: PlcProfile, name: str, *, prefix: str, views: Sequence[str]) -> str:
    """Return the NodeId of a node by its contract name, for one station."""
    template = profile.place(split(name)[0])
    return filled(template, name, prefix=profile.prefix + prefix, views=views)


def node_clashes(
    profile: PlcProfile, stations: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[tuple[str, str]]:
    """Yield (key, why) for each node that two would use of which one is written.

    Args:
        profile: The PLC's.
        stations: Prefix and views of every station behind it.
    """
    owners: dict[str, tuple[str, bool]] = {}
    for prefix, views in stations:
        for name, written in _used(profile, views):
            key = split(name)[0]
            node = node_of(profile, name, prefix=prefix, views=views)
            if why := _no_number(node):
                yield f'nodes."{key}".id', why
            other, other_written = owners.setdefault(node, (f"{prefix}: {name}", written))
            if other != f"{prefix}: {name}" and (written or other_written):
                yield f'nodes."{key}".id', f"{node} is that of {other} already"
                break


def _used(profile: PlcProfile, views: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each node's name with whether we write it."""
    read = (*read_nodes(views, 1, profile.places), *taken_nodes(profile.places))
    yield from ((one.name, False) for one in read)
    written = all_written_nodes(views, profile.slot_count, profile.places)
    yield from ((one.name, True) for one in written)


def _wrong_template(name: str, template: str | None) -> str:
    if not template:
        return ""
    if template[:2] not in ("s=", "i=") or not template[2:]:
        why = f'the id must begin with "s=" or "i=" and go on, not {template!r}'
        begins = template.partition(";")[0]
        if begins.startswith(("ns=", "nsu=")):
            why += f": leave {begins}; away, namespace_uri stands for it"
        return why
    known = fitting_holes(name)
    if unknown := holes(template) - known:
        fitting = ", ".join(f"{{{hole}}}" for hole in sorted(known))
        return f"the id has {{{min(unknown)}}}; that of this node may have {fitting}"
    if missing := holes(default_id(name)) & {"slot"} - holes(template):
        return f"the id must hold {{{min(missing)}}}: there is a node for each"
    return ""


def _wrong_type(name: str, given: str | None) -> str:
    usable = USABLE[kind_of(name)]
    if given in (None, *usable):
        return ""
    return f"the type must be {' or '.join(usable)}, not {given}"


def _no_number(node: str) -> str:
    how, _, number = node.partition("=")
    if how == "s" or (number.isascii() and number.isdigit() and int(number) <= _MOST_NUMERIC_ID):
        return ""
    return f"{node} is no numeric NodeId"
