"""The main job over a real socket: sign up, upload, another device, the same bytes; then everything an upload must refuse."""

from __future__ import annotations

import random
import secrets
import socket
from urllib.parse import urlsplit

import pytest

from tests.clients import crypto
from tests.clients.api import ApiError
from tests.clients.ente import Device
from tests.clients.transfer import MIB5, Plain, Sealed, TransferError
from tests.wire.process import RunningServer


def address(name: str) -> str:
    return f"{name}-{secrets.token_hex(5)}@example.org"


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def alice(server: RunningServer) -> Device:
    return Device.sign_up(server.url, address("alice"))


def test_photos_reach_the_second_device_through_a_restart(own_server: RunningServer) -> None:
    alice = Device.sign_up(own_server.url, address("alice"))
    album = alice.new_collection("Holidays")
    video = Plain(noise(30_000_000), title="film.mp4", file_type=1)
    picture = Plain(noise(2_345_678, seed=2), title="IMG_1.jpg")
    alice.upload(album, video, way="multipart", part_size=MIB5)
    own_server.stop()
    own_server.restart()
    alice.upload(album, picture)

    phone = Device.log_in(own_server.url, alice.email)
    mirror = phone.sync()
    assert phone.name_of(album) == "Holidays"
    films = {plain.title: plain for plain in map(phone.download, mirror.in_album(album))}
    assert films["film.mp4"].content == video.content
    assert films["IMG_1.jpg"] == picture
    assert len(films) == 2
    sizes = [row["info"]["fileSize"] + row["info"]["thumbSize"] for row in mirror.in_album(album)]
    assert phone.usage() == sum(sizes)


def test_a_third_device_by_code_sees_the_same(alice: Device, server: RunningServer) -> None:
    album = alice.new_collection()
    alice.upload(album, Plain(b"one"))
    tablet = Device.log_in_by_code(server.url, alice.email)
    assert tablet.sync().state() == alice.sync().state()
    with pytest.raises(ApiError) as refused:
        Device.log_in(server.url, alice.email, password="wrong")
    assert refused.value.status == 401


@pytest.mark.parametrize("way", ["single", "v1", "multipart", "multipart_v1"])
def test_every_way_of_uploading(alice: Device, way: str) -> None:
    album = alice.new_collection()
    plain = Plain(noise(MIB5 + 1234))
    alice.upload(album, plain, way=way, part_size=MIB5)
    (row,) = alice.sync().in_album(album)
    assert alice.download(row).content == plain.content
    assert alice.objects.fetch("download", row["id"], span="bytes=10-19") == alice.objects.fetch("download", row["id"])[10:20]


def test_etags_may_come_back_bare(alice: Device) -> None:
    album = alice.new_collection()
    alice.upload(album, Plain(noise(MIB5 + 9)), way="multipart", part_size=MIB5, quoted=False)
    assert len(alice.sync().in_album(album)) == 1


def test_a_sync_without_changes_asks_for_no_album(alice: Device) -> None:
    album = alice.new_collection()
    alice.upload(album, Plain(b"one"))
    assert alice.sync().fetched == [album]
    assert alice.sync().fetched == []
    alice.upload(album, Plain(b"two"))
    assert alice.sync().fetched == [album]


def test_trash_restore_and_delete_reach_the_other_device(alice: Device, server: RunningServer) -> None:
    album = alice.new_collection()
    for text in (b"one", b"two", b"three"):
        alice.upload(album, Plain(text))
    phone = Device.log_in(server.url, alice.email)
    first, second, third = alice.sync().in_album(album)
    full = alice.usage()
    alice.trash([first, second])
    assert sorted(phone.sync().trash) == [first["id"], second["id"]]
    assert [row["id"] for row in phone.mirror.in_album(album)] == [third["id"]]
    assert alice.usage() == full
    alice.restore([first], album)
    alice.delete_forever([second["id"]])
    assert phone.sync().trash == {}
    assert [row["id"] for row in phone.mirror.in_album(album)] == [first["id"], third["id"]]
    assert phone.download(phone.mirror.in_album(album)[0]).content == b"one"
    assert alice.usage() == full - second["info"]["fileSize"] - second["info"]["thumbSize"]


def test_a_shared_album_opens_and_closes(alice: Device, server: RunningServer) -> None:
    bob = Device.sign_up(server.url, address("bob"))
    album = alice.new_collection("Ours")
    alice.upload(album, Plain(b"one"))
    assert alice.share(album, bob.email)[0]["role"] == "VIEWER"
    (row,) = bob.sync().in_album(album)
    assert bob.name_of(album) == "Ours"
    assert bob.download(row).content == b"one"
    assert bob.usage() == 0
    alice.unshare(album, bob.email)
    assert bob.sync().albums == {}
    with pytest.raises(ApiError) as refused:
        bob.objects.fetch("download", row["id"])
    assert refused.value.status in (403, 404)


# -- what an upload must refuse ---------------------------------------------------------------------


def refusal(device: Device, method: str, url: str, data: bytes, md5: str | None = None) -> int:
    return device.api.at_object(method, url, data, {"Content-MD5": md5} if md5 else None).status_code


def test_other_bytes_than_promised_are_a_bad_digest(alice: Device) -> None:
    data = noise(5000)
    _, url = alice.objects.ask(data)
    with pytest.raises(TransferError) as refused:
        alice.objects.put_at(url, data[:-1] + b"!", md5=crypto.md5_b64(data))
    assert refused.value.status == 400
    assert "BadDigest" in refused.value.text
    alice.objects.put_at(url, data, md5=crypto.md5_b64(data))


def test_another_md5_length_or_no_md5_is_refused(alice: Device) -> None:
    data = noise(5000)
    _, url = alice.objects.ask(data)
    assert refusal(alice, "PUT", url, b"x" * 5000, crypto.md5_b64(b"x" * 5000)) == 403
    assert refusal(alice, "PUT", url, data[:-1], crypto.md5_b64(data)) in (400, 403)
    assert refusal(alice, "PUT", url, data + b"x", crypto.md5_b64(data)) in (400, 403)
    assert refusal(alice, "PUT", url, data) in (400, 403)


def test_a_body_that_ends_early_stores_nothing(alice: Device) -> None:
    """The connection breaks halfway: the object must not be there, and the same URL still works afterwards."""
    sealed = Sealed.of(Plain(noise(200_000)))
    key, url = alice.objects.ask(sealed.content)
    parts = urlsplit(url)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(sealed.content)}\r\n"
        f"Content-MD5: {crypto.md5_b64(sealed.content)}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as line:
        line.sendall(head.encode() + sealed.content[:70_000])
    album, thumbnail = alice.new_collection(), alice.objects.put(sealed.thumbnail)
    with pytest.raises(ApiError) as refused:
        alice.commit(album, sealed, (key, thumbnail))
    assert 400 <= refused.value.status < 500 or refused.value.code == "OBJECT_SIZE_FETCH_FAILED"
    alice.objects.put_at(url, sealed.content, md5=crypto.md5_b64(sealed.content))
    alice.commit(album, sealed, (key, thumbnail))
    assert alice.download(alice.sync().in_album(album)[0]).content == noise(200_000)


def test_a_changed_url_is_refused(alice: Device) -> None:
    data = noise(100)
    key, url = alice.objects.ask(data)
    other, _ = alice.objects.ask(data)
    md5 = crypto.md5_b64(data)
    assert refusal(alice, "PUT", url.replace(key, other), data, md5) == 403
    assert refusal(alice, "PUT", url.partition("?")[0], data, md5) in (401, 403)
    head, _, query = url.partition("?")
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        forged = ("1" if value[:1] != "1" else "2") + value[1:]
        changed = f"{head}?{query.replace(pair, f'{name}={forged}')}"
        assert refusal(alice, "PUT", changed, data, md5) in (400, 403), name
    for method in ("GET", "DELETE", "POST"):
        assert 400 <= refusal(alice, method, url, b"") < 500
    alice.objects.put_at(url, data, md5=md5)


def test_committed_bytes_are_never_replaced(alice: Device) -> None:
    """A v1 URL does not bind the bytes, so a second PUT is what an attacker or a confused client could try."""
    album, plain = alice.new_collection(), Plain(noise(4000))
    sealed = Sealed.of(plain)
    target = alice.api.get("/files/upload-urls", count=1)["urls"][0]
    alice.objects.put_at(target["url"], sealed.content)
    alice.commit(album, sealed, (target["objectKey"], alice.objects.put(sealed.thumbnail)))
    assert 400 <= refusal(alice, "PUT", target["url"], noise(len(sealed.content), seed=9)) < 500
    (row,) = alice.sync().in_album(album)
    assert alice.download(row).content == plain.content
    assert alice.usage() == len(sealed.content) + len(sealed.thumbnail)


def test_keys_that_were_never_issued_or_are_somebody_elses_cannot_be_committed(alice: Device, server: RunningServer) -> None:
    bob = Device.sign_up(server.url, address("bob"))
    album, sealed = alice.new_collection(), Sealed.of(Plain(b"one"))
    mine, thumbnail = alice.objects.put(sealed.content), alice.objects.put(sealed.thumbnail)
    his = bob.objects.put(sealed.content)
    never = f"{mine.partition('/')[0]}/00000000-0000-4000-8000-000000000000"
    for key in (never, his):
        with pytest.raises(ApiError) as refused:
            alice.commit(album, sealed, (key, thumbnail))
        assert refused.value.status == 400
    assert alice.sync().in_album(album) == []
    assert alice.usage() == 0
    alice.commit(album, sealed, (mine, thumbnail))


def test_a_password_change_logs_the_other_device_out(alice: Device, server: RunningServer) -> None:
    phone = Device.log_in(server.url, alice.email)
    alice.change_password("another password entirely")
    with pytest.raises(ApiError) as refused:
        phone.sync()
    assert refused.value.status == 401
    again = Device.log_in(server.url, alice.email, password="another password entirely")
    assert again.account.master_key == alice.account.master_key
