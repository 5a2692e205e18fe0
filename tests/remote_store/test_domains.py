"""Whose a custom domain is: what the operator allows, and what the DNS says (`custom_domains`)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.kernel.config import Apps, Config, CustomDomains, Storage
from app.kernel.parts import Kernel
from app.remote_store import dns, domain
from tests.inprocess import Person, World, open_world

DOMAIN = "pics.example.net"


@dataclass
class Resolver:
    """A DNS server that knows some TXT records, answers by TCP, and does what a test says."""

    records: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    code: int = 0
    wrong_number: bool = False
    cut: bool = False
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        answer = self.answer(await reader.readexactly(size))
        writer.write(struct.pack("!H", len(answer)) + (answer[:20] if self.cut else answer))
        await writer.drain()
        writer.close()

    def answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels)
        self.asked.append(name)
        (number,) = struct.unpack_from("!H", question)
        found = self.records.get(name, [])
        head = struct.pack("!6H", number ^ self.wrong_number, 0x8180 | (self.code or (0 if found else 3)), 1, len(found) + 1, 0, 0)
        alias = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, 2) + b"\xc0\x0c"  # a CNAME comes before what it leads to
        return head + question[12:] + alias + b"".join(b"\xc0\x0c" + _record(text) for text in found)


def _record(text: str) -> bytes:
    raw = text.encode()
    parts = [raw[n : n + 20] for n in range(0, len(raw), 20)] or [b""]
    data = b"".join(bytes([len(part)]) + part for part in parts)
    return struct.pack("!HHIH", 16, 1, 60, len(data)) + data


@pytest.fixture
async def resolver() -> AsyncIterator[Resolver]:
    found = Resolver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    found.address = f"{host}:{port}"
    yield found
    server.close()


@asynccontextmanager
async def offering(engine: str, folder: Path, **rules: Any) -> AsyncIterator[World]:
    apps = Apps(custom_domain_cname="albums.darkroom.example")
    config = Config(data_dir=folder, apps=apps, custom_domains=CustomDomains(**rules), storage=(Storage(kind="memory"),))
    async with open_world(engine, folder, config=config) as w:
        yield w


async def claim(p: Person, value: str, expect: int = 200) -> Any:
    got = await p.post("/remote-store/update", {"key": "customDomain", "value": value}, expect=expect)
    return got.json() if got.content else None


def proof(kernel: Kernel, p: Person, name: str = DOMAIN) -> str:
    return domain.word(kernel.crypto, p.user_id, name)


async def test_the_owner_of_the_dns_has_it(engine: str, tmp_path: Path, resolver: Resolver) -> None:
    async with offering(engine, tmp_path, dns=True, resolver=resolver.address) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        told = await claim(alice, "PICS.example.net", expect=400)
        assert told == {
            "code": "BAD_REQUEST",
            "message": f"show that the domain is yours: add the DNS record _darkroom.{DOMAIN} TXT {proof(world.kernel, alice)} and try again",
        }
        resolver.records[f"_darkroom.{DOMAIN}"] = ["something else", proof(world.kernel, alice)]
        await claim(bob, DOMAIN, expect=400)
        await claim(alice, DOMAIN)
        await world.anon().get(f"/custom-domain?domain={DOMAIN}")
        resolver.records.clear()
        await claim(alice, "PICS.example.net")  # what one has needs no new proof
        resolver.records[f"_darkroom.{DOMAIN}"] = [proof(world.kernel, bob)]
        await claim(bob, DOMAIN)  # the domain was sold: its DNS says so
        assert "customDomain" not in (await alice.get("/remote-store/feature-flags")).json()
        assert (await bob.get("/remote-store/feature-flags")).json()["customDomain"] == DOMAIN
        assert set(resolver.asked) == {f"_darkroom.{DOMAIN}"}


async def test_a_word_is_good_for_one_account_and_one_domain(engine: str, tmp_path: Path, resolver: Resolver) -> None:
    async with offering(engine, tmp_path, dns=True, resolver=resolver.address) as world:
        alice = await world.person("alice")
        resolver.records[f"_darkroom.{DOMAIN}"] = [proof(world.kernel, alice, "other.example.net"), proof(world.kernel, alice) + "x", ""]
        await claim(alice, DOMAIN, expect=400)
        resolver.records[DOMAIN] = [proof(world.kernel, alice)]
        await claim(alice, DOMAIN, expect=400)
        assert (await world.anon().get(f"/custom-domain?domain={DOMAIN}", expect=404)).json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize("fault", [{"code": 2}, {"wrong_number": True}, {"cut": True}])
async def test_a_resolver_that_does_not_tell(engine: str, tmp_path: Path, resolver: Resolver, fault: dict[str, Any]) -> None:
    async with offering(engine, tmp_path, dns=True, resolver=resolver.address) as world:
        alice = await world.person("alice")
        resolver.records[f"_darkroom.{DOMAIN}"] = [proof(world.kernel, alice)]
        for name, value in fault.items():
            setattr(resolver, name, value)
        assert "try again later" in (await claim(alice, DOMAIN, expect=400))["message"]


async def test_no_resolver() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(dns.LookupFailed):
            await dns.texts("example.net", f"127.0.0.1:{closed.getsockname()[1]}")


async def test_an_account_has_few_look_ups(engine: str, tmp_path: Path, resolver: Resolver) -> None:
    async with offering(engine, tmp_path, dns=True, resolver=resolver.address) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        for n in range(20):
            await claim(alice, f"{n}.example.net", expect=400)
        await claim(alice, DOMAIN, expect=429)
        await claim(bob, DOMAIN, expect=400)
        assert len(resolver.asked) == 21


async def test_what_the_operator_allows(engine: str, tmp_path: Path) -> None:
    allowed = {"pics.Example.net": "Alice-1@example.org", "*.family.example": "*", "bob.family.example": "bob-2@example.org"}
    async with offering(engine, tmp_path, allowed=allowed) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        assert (await claim(bob, DOMAIN, expect=400))["message"] == "this server keeps the domain for somebody else"
        await claim(alice, DOMAIN)
        await claim(alice, "bob.family.example", expect=400)
        await claim(bob, "bob.family.example")
        await claim(alice, "x.y.family.example")
        assert (await claim(bob, "x.y.family.example", expect=409))["code"] == "CONFLICT"
        for other in ("family.example", "example.net", "evil-family.example"):
            assert "ask who runs this server" in (await claim(bob, other, expect=400))["message"]


async def test_whom_the_operator_names_takes_it_from_who_came_first(engine: str, tmp_path: Path) -> None:
    async with offering(engine, tmp_path, allowed={DOMAIN: "alice-1@example.org"}) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        row = {"u": bob.user_id, "d": DOMAIN}
        await world.kernel.db.write(
            "test", lambda tx: tx.run(
                "INSERT INTO remote_store (user_id, key_name, key_value, claim, updated_at) VALUES (:u, 'customDomain', :d, :d, 0)", **row
            )
        )  # fmt: skip
        await claim(alice, DOMAIN)
        assert "customDomain" not in (await bob.get("/remote-store/feature-flags")).json()


def test_settings() -> None:
    apps = Apps(custom_domain_cname="albums.example.org")
    with pytest.raises(ValidationError, match="nobody may have a domain"):
        Config(apps=apps)
    with pytest.raises(ValidationError, match=r"set apps\.custom_domain_cname too"):
        Config(custom_domains=CustomDomains(dns=True))
    for bad in ({"allowed": {"localhost": "*"}}, {"allowed": {"a.example.org": "alice"}}, {"resolver": "dns.example.org"}, {"resolver": "1.1.1.1:x"}):
        with pytest.raises(ValidationError):
            CustomDomains.model_validate(bad)
    for good in ("9.9.9.9", "127.0.0.1:5353", "::1", "[::1]:5353"):
        assert dns.split(CustomDomains(resolver=good).resolver)[1] in (53, 5353)
    assert CustomDomains(allowed={"Bücher.example": "*"}).allowed == {"xn--bcher-kva.example": "*"}
