"""People as Ente's apps keep them, made with the same formats: entity key in a box, entities as blobs of gzipped JSON."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

from bridge.client.connection import Connection
from bridge.client.crypto import b64, box, encrypt_blob, random_key
from bridge.library.library import Library, New
from bridge.library.people import parse
from bridge.library.search import Wanted
from tests.bridge.conftest import Open, Server, Someone
from tests.bridge.library.pictures import jpeg

ENTITY_KEY = b"e" * 32


async def teach(connection: Connection, master: bytes, persons: list[dict[str, Any]]) -> None:
    """An app that has looked for faces."""
    cipher, nonce = box(ENTITY_KEY, master)
    await connection.post("/user-entity/key", {"type": "cgroup", "encryptedKey": b64(cipher), "header": b64(nonce)})
    for person in persons:
        data, header = encrypt_blob(gzip.compress(json.dumps(person).encode()), ENTITY_KEY)
        await connection.post("/user-entity/entity", {"type": "cgroup", "encryptedData": b64(data), "header": b64(header)})


async def detect(connection: Connection, file_id: int, key: bytes, faces: list[str]) -> None:
    data, header = encrypt_blob(gzip.compress(json.dumps({"face": {"faces": [{"faceID": face} for face in faces]}}).encode()), key)
    body = {"fileID": file_id, "type": "mldata", "encryptedData": b64(data), "decryptionHeader": b64(header)}
    await connection.put("/files/data", body)


async def with_carol(library: Library, alice: Someone) -> tuple[int, int]:
    """Two photos; carol is on the first, somebody hidden and somebody without a name on the second."""
    album = await library.album_named("A")
    first, second = [(await library.put(io.BytesIO(jpeg(n, (400, 300))), New(f"{n}.jpg"), album)).id for n in (1, 2)]
    persons = [
        {"name": "Carol", "assigned": [{"id": "c1", "faces": [f"{first}_25000_25000_50000_50000", f"{second}_1_1_2_2"]}],
         "rejectedFaceIDs": [f"{second}_1_1_2_2"], "isHidden": False, "avatarFaceID": f"{first}_25000_25000_50000_50000"},
        {"name": "Mallory", "assigned": [{"id": "c2", "faces": [f"{second}_10000_10000_20000_20000"]}], "isHidden": True},
        {"assigned": [{"id": "c3", "faces": [f"{second}_30000_30000_40000_40000", 7]}, "odd"], "isHidden": False},
    ]  # fmt: skip
    await teach(alice.connection, alice.keys.master_key, persons)
    await library.sync()
    return first, second


async def test_it_works(opened: Open, alice: Someone) -> None:
    library = opened()
    first, second = await with_carol(library, alice)
    (carol,) = library.people.named()
    assert (carol.name, carol.faces) == ("Carol", (f"{first}_25000_25000_50000_50000",))
    assert library.people.named("aro") == [carol]
    assert [person.name for person in library.people.named(hidden=True)] == ["Carol", "Mallory"]
    assert library.search.ids(Wanted(persons=(carol.id,))) == [first]
    cover = library.people.cover(carol)
    assert cover is not None
    assert (cover.file_id, cover.box) == (first, (0.25, 0.25, 0.5, 0.5))
    picture = await library.pictures.cut(library.photos[first].file, cover.box, "carol")
    assert picture[:2] == b"\xff\xd8"
    await detect(alice.connection, second, library.photos[second].file.key, [f"{second}_60000_60000_70000_70000", f"{first}_1_1_2_2", "odd"])
    faces = await library.people.all_faces_on(library.photos[second].file)
    assert {face.person.name if face.person else None for face in faces} == {"Mallory", "", None}
    await library.close()
    again = opened()
    assert again.people.named() == [carol]  # without asking anybody
    assert again.search.ids(Wanted(persons=(carol.id,))) == [first]


async def test_who_is_renamed_or_deleted(server: Server, opened: Open, alice: Someone) -> None:
    library = opened()
    await with_carol(library, alice)
    (carol,) = library.people.named()
    data, header = encrypt_blob(gzip.compress(json.dumps({"name": "Caro", "isHidden": False}).encode()), ENTITY_KEY)
    await alice.connection.put("/user-entity/entity", {"id": carol.id, "type": "cgroup", "encryptedData": b64(data), "header": b64(header)})
    await library.sync()
    assert [person.name for person in library.people.named()] == ["Caro"]
    assert library.people.cover(library.people.named()[0]) is None
    await alice.connection.call("DELETE", "/user-entity/entity", None, id=carol.id)
    await library.sync()
    assert library.people.named() == []


async def test_people_that_do_not_open(opened: Open, alice: Someone) -> None:
    library = opened()
    await teach(alice.connection, alice.keys.master_key, [])
    for cipher, header in (encrypt_blob(b"no gzip", ENTITY_KEY), encrypt_blob(gzip.compress(b"[]"), ENTITY_KEY), encrypt_blob(b"x", random_key())):
        await alice.connection.post("/user-entity/entity", {"type": "cgroup", "encryptedData": b64(cipher), "header": b64(header)})
    await library.sync()
    assert (library.people.named(), len(library.damaged)) == ([], 3)


def test_face_ids() -> None:
    assert parse("12_00000_10000_50000_99999") == (12, (0.0, 0.1, 0.5, 0.99999))
    for odd in ("12", "12_1_2_3", "x_1_1_2_2", "12_5_1_4_2", "12_1_1_-2_2", "", "12_١_1_2_2"):
        assert parse(odd) is None
