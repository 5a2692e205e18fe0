"""Visitors of a file's link (files.md §7.2): who they are, what they see, and nothing private."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ..db import Tx
from ..file_links import service as links
from ..file_links.service import FileLink
from ..files import entry
from ..http.auth import guard
from ..http.request import Request
from ..kernel import link_secrets
from ..kernel.errors import Gate, NotFound
from ..kernel.parts import Kernel
from ..objects import service as objects
from ..visits.service import Device, Doorkeeper, NoToken, access_proof, access_token, admit
from ..visits.wire import Password, Proof
from .wire import Info, PassInfo, Secrets


class Locked(Gate):
    """401 of somebody who has not shown to know the password: clients ask for it."""

    def body(self) -> bytes:
        return msgspec.json.encode({"error": {"code": "PASS_PROTECTED_RESOURCE", "message": "This resource is password protected"}})


@dataclass(frozen=True, slots=True)
class FileVisitor:
    """Somebody who holds a file's link."""

    link: FileLink
    token: str = field(repr=False)


@guard("X-Auth-Access-Token")
async def at_the_file(request: Request) -> FileVisitor:
    """A visitor of whom no password is asked yet; a proof that is shown must hold all the same."""
    found = await _find(request)
    proof = access_proof(request)
    if proof and found.link.pass_hash is not None and not link_secrets.holds(request.kernel, found.link, proof):
        raise Gate("invalid token")
    return found


@guard("X-Auth-Access-Token")
async def file_visitor(request: Request) -> FileVisitor:
    """A visitor who knows the password, where there is one."""
    found = await _find(request)
    if not link_secrets.holds(request.kernel, found.link, access_proof(request)):
        raise Locked("password")
    return found


async def _find(request: Request) -> FileVisitor:
    token = access_token(request)
    if not token:
        raise NoToken("file_link")
    link = await request.kernel.db.read(links.of_token, link_secrets.token_hash(request.kernel, token))
    if link is None:
        raise Gate("invalid token")
    if link.is_disabled:
        raise Gate("disabled token", status=410)
    if link.expired(request.kernel.clock.now()):
        raise Gate("expired token", status=410)
    return FileVisitor(link, token)


async def info(kernel: Kernel, actor: FileVisitor, device: Device) -> tuple[Info, str | None]:
    """The file with its secrets, and a device token to keep, if there is a new one."""
    link = actor.link
    door = Doorkeeper("file", link.link_id, actor.token, link.valid_till, links.knows_device, links.admit_device)
    fresh = await admit(kernel, door, device)
    row = await kernel.db.read(links.shown, link.file_id)
    if row is None:
        raise NotFound(log=f"file {link.file_id} is gone")
    secrets = Secrets(
        encrypted_file_key=link.encrypted_file_key,
        encrypted_file_key_nonce=link.encrypted_file_key_nonce,
        kdf_nonce=link.kdf_nonce,
        kdf_mem_limit=link.kdf_mem_limit,
        kdf_ops_limit=link.kdf_ops_limit,
    )
    return Info(file=entry.bare(row), link=secrets), fresh


async def pass_info(kernel: Kernel, actor: FileVisitor) -> PassInfo:
    link = actor.link
    return PassInfo(nonce=link.pass_nonce, ops_limit=link.ops_limit, mem_limit=link.mem_limit)


async def verify_password(kernel: Kernel, actor: FileVisitor, device: Device, ask: Password) -> Proof:
    """A proof for the password (`link_secrets.proof_for`)."""
    return Proof(jwt_token=await link_secrets.proof_for(kernel, actor.link, ask.pass_hash, device.address))


async def find(kernel: Kernel, actor: FileVisitor, base_url: str, thumb: bool) -> str:
    """Where the bytes can be read; gone 404."""
    place = await kernel.db.read(_place, actor.link.file_id, thumb)
    if place is None:
        raise NotFound(log=f"file {actor.link.file_id} has no bytes")
    return objects.url(kernel, base_url, *place, visit=True)


def _place(tx: Tx, file_id: int, thumb: bool) -> tuple[str, str] | None:
    return None if links.shown(tx, file_id) is None else objects.place(tx, file_id, thumb=thumb)
