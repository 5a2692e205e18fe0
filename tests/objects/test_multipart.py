"""Multipart uploads: parts, the completing document, what a broken one leaves (files.md §1.3, §1.4, §2.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY
from app.kernel.config import Config, Quota, Storage
from app.objects import completion
from app.objects.refusals import Refusal
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import document, hex_md5, md5, put, row, send, stored_bytes

PART = 5 << 20
ONE, TWO = b"1" * PART, b"the rest"


async def begin(person: Person, data: tuple[bytes, ...] = (ONE, TWO)) -> dict[str, Any]:
    ask = {"contentLength": sum(map(len, data)), "partLength": PART, "partMd5s": [md5(d) for d in data]}
    return (await person.post("/files/multipart-upload-url", ask)).json()  # type: ignore[no-any-return]  # the JSON of a test


async def send_parts(person: Person, made: dict[str, Any], data: tuple[bytes, ...] = (ONE, TWO)) -> list[str]:
    return [(await put(person, url, d)).headers["etag"] for url, d in zip(made["partURLs"], data, strict=True)]


async def test_it_works(world: World, alice: Person) -> None:
    made = await begin(alice)
    tags = await send_parts(alice, made)
    assert tags == [f'"{hex_md5(ONE)}"', f'"{hex_md5(TWO)}"']
    assert await row(world, made["objectKey"]) is None
    done = await send(alice, "POST", made["completeURL"], document(tags), expect=200, Content_Type="text/xml")
    assert done.headers["content-type"] == "application/xml"
    assert b"<CompleteMultipartUploadResult" in done.content
    assert b"<ETag>&#34;" in done.content
    assert done.headers["etag"].endswith('-2"')
    assert await stored_bytes(world, made["objectKey"]) == ONE + TWO
    assert await row(world, made["objectKey"]) == ("pending", PART + len(TWO), None)


@pytest.mark.parametrize(
    "spell",
    [
        lambda tags: document([t.strip('"') for t in tags]),
        lambda tags: document([t.replace('"', "&quot;") for t in tags]),
        lambda tags: b'<?xml version="1.0" encoding="UTF-8"?>\n' + document(tags),
        lambda tags: document(tags).replace(b"Upload>", b'Upload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">', 1),
        lambda tags: document([t.strip('"') for t in tags]).replace(b"><", b">\n    <"),
        lambda tags: document(tags).replace(b"</Part>", b"<ChecksumCRC32>abc</ChecksumCRC32></Part>"),
    ],
    ids=["bare", "entities", "declared", "namespaced", "pretty", "checksums"],
)
async def test_every_spelling_clients_have(world: World, alice: Person, spell: Any) -> None:
    made = await begin(alice)
    tags = await send_parts(alice, made)
    await send(alice, "POST", made["completeURL"], spell(tags), expect=200)
    assert await stored_bytes(world, made["objectKey"]) == ONE + TWO


async def test_parts_in_any_order_and_again(world: World, alice: Person) -> None:
    made = (await alice.get("/files/multipart-upload-urls?count=3")).json()["urls"]
    one, two, three = made["partURLs"]
    await send(alice, "PUT", two, TWO, expect=200)
    await send(alice, "PUT", one, b"at first this", expect=200)
    tags = [(await send(alice, "PUT", url, d, expect=200)).headers["etag"] for url, d in ((one, ONE), (two, TWO))]
    await send(alice, "PUT", three, b"never named", expect=200)
    await send(alice, "POST", made["completeURL"], document(tags), expect=200)  # unbound: a part may be left out
    assert await stored_bytes(world, made["objectKey"]) == ONE + TWO


async def test_parts_keep_their_promise(world: World, alice: Person) -> None:
    made = await begin(alice)
    wrong = await put(alice, made["partURLs"][1], b"the nest", promised=TWO, expect=400)
    assert b"BadDigest" in wrong.content
    await put(alice, made["partURLs"][1], TWO[:-1], expect=403)
    await put(alice, made["partURLs"][1], TWO + b"!", promised=TWO, expect=403)
    await send(alice, "PUT", made["partURLs"][1], TWO, expect=400)
    await put(alice, made["partURLs"][0], TWO, expect=403)


async def test_a_wrong_completion_leaves_the_upload_as_it_was(world: World, alice: Person) -> None:
    made = await begin(alice)
    tags = await send_parts(alice, made)
    for xml in (
        document([]), b"", b"<x/>", b"not xml", document(tags[:1]), document(tags[1:], first=2),
        document([*tags, tags[0]]), document([tags[1], tags[0]]),
        document([tags[0], hex_md5(b"other")]), document([tags[0], "../../x"]), document(tags, first=0), document(tags, first=9999),
    ):  # fmt: skip
        refused = await send(alice, "POST", made["completeURL"], xml, expect=400)
        assert b"<Error><Code>" in refused.content
    assert await stored_bytes(world, made["objectKey"]) is None
    await send(alice, "POST", made["completeURL"], document(tags), expect=200)


async def test_all_parts_and_all_bytes_were_promised(world: World, alice: Person) -> None:
    made = (await alice.get("/files/multipart-upload-urls?count=2")).json()["urls"]
    assert "&len=" not in made["completeURL"]
    bound = await begin(alice)
    tags = await send_parts(alice, bound)
    assert b"<Code>InvalidPart</Code>" in (await send(alice, "POST", bound["completeURL"], document(tags[:1]), expect=400)).content


async def test_a_completion_whose_answer_was_lost_is_answered_again(world: World, alice: Person) -> None:
    """A 404 would make a phone begin the file again, whatever its size."""
    made = await begin(alice)
    tags = await send_parts(alice, made)
    first = await send(alice, "POST", made["completeURL"], document(tags), expect=200)
    again = await send(alice, "POST", made["completeURL"], document(tags), expect=200)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    for refused in (
        await send(alice, "POST", made["completeURL"], document(list(reversed(tags))), expect=404),
        await put(alice, made["partURLs"][0], ONE, expect=404),
    ):
        assert b"<Code>NoSuchUpload</Code>" in refused.content
    await world.kernel.db.write("test.delete", lambda tx: tx.run("UPDATE objects SET state = 'deleting'"))
    await send(alice, "POST", made["completeURL"], document(tags), expect=404)


async def test_a_completion_cut_short_is_finished_by_its_repetition(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died after the bytes were joined and before their row was written: nobody was told, so the client asks again."""
    made = await begin(alice)
    tags = await send_parts(alice, made)

    async def die(*_: Any) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as m:
        m.setattr("app.objects.recording.record", die)
        await send(alice, "POST", made["completeURL"], document(tags), expect=500)
    assert await row(world, made["objectKey"]) is None
    await send(alice, "POST", made["completeURL"], document(list(reversed(tags))), expect=404)
    await send(alice, "POST", made["completeURL"], document(tags), expect=200)
    assert await row(world, made["objectKey"]) == ("pending", PART + len(TWO), None)


async def test_an_expired_upload_is_gone_not_forbidden(world: World, alice: Person) -> None:
    """Mobile lets go of a stored upload only on 404 (files.md §18 S32)."""
    made = await begin(alice)
    tags = await send_parts(alice, made)
    world.clock.advance(7 * DAY)
    for refused in (
        await put(alice, made["partURLs"][0], ONE, expect=404),
        await send(alice, "POST", made["completeURL"], document(tags), expect=404),
    ):
        assert b"<Code>NoSuchUpload</Code>" in refused.content


async def test_the_joined_object_has_a_greatest_length(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(max_file=1000), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        made = (await alice.get("/files/multipart-upload-urls?count=2")).json()["urls"]
        tags = [(await send(alice, "PUT", url, bytes(600), expect=200)).headers["etag"] for url in made["partURLs"]]
        assert b"EntityTooLarge" in (await send(alice, "POST", made["completeURL"], document(tags), expect=400)).content
        assert await stored_bytes(world, made["objectKey"]) is None


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + document(["&b;"]),
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + document(["&a;"]),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + document(["x"]),
        document(["&a;"]),
        document(["x"]).replace(b"<ETag>", b"<ETag><deep>").replace(b"</ETag>", b"</deep></ETag>"),
        document(["x"]).replace(b"</Part>", b"<ETag>y</ETag></Part>"),
        document(["x"]).replace(b"<PartNumber>1<", b"<PartNumber>-1<"),
        document(["x"]).replace(b"<PartNumber>1<", b"<PartNumber>1e3<"),
        document(["x"]).replace(b"<PartNumber>1<", b"<PartNumber>999999999999999999999<"),
        document(["x"]).replace(b"<PartNumber>1</PartNumber>", b""),
        document(["x"]).replace(b"<ETag>x</ETag>", b""),
        document(["x"]).replace(b"CompleteMultipartUpload", b"Other"),
        document(["x", "x"]).replace(b"<PartNumber>2<", b"<PartNumber>1<"),
        document(["x"] * 10_001),
        b"<a>" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_documents_that_are_none(xml: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        completion.parse(xml)
    assert refused.value.status == 400


async def test_a_document_without_end(world: World, alice: Person) -> None:
    made = await begin(alice)
    huge = b"<CompleteMultipartUpload>" + b" " * (2 << 20)
    assert b"EntityTooLarge" in (await send(alice, "POST", made["completeURL"], huge, expect=400)).content
