"""A URL is good for what it says and for nothing else."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from app.objects import service, urls
from tests.inprocess import Person, World
from tests.objects.parcels import document, free_url, local, md5, put, send, sized_url, stored_bytes, uploaded


async def every_url(world: World, person: Person) -> dict[str, str]:
    """One URL of each kind, by method and name."""
    part = {"contentLength": 3, "partLength": 3, "partMd5s": [md5(b"abc")]}
    sized = (await person.post("/files/multipart-upload-url", part)).json()
    free = (await person.get("/files/multipart-upload-urls?count=2")).json()["urls"]
    got = service.url(world.kernel, "http://darkroom.test", await uploaded(person, b"abc"), world.kernel.store.name)
    return {
        "PUT sized": (await sized_url(person, b"abc"))["url"],
        "PUT free": (await free_url(person))["url"],
        "PUT part": sized["partURLs"][0],
        "PUT free part": free["partURLs"][0],
        "POST sized": sized["completeURL"],
        "POST free": free["completeURL"],
        "GET": got,
    }


async def test_no_method_but_its_own(world: World, alice: Person) -> None:
    for name, url in (await every_url(world, alice)).items():
        own = name.split()[0]
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "TRACE"):
            if method != own and (own, method) != ("GET", "HEAD"):
                refused = await send(alice, method, url, b"abc", Content_MD5=md5(b"abc"))
                assert refused.status == {"DELETE": 405, "PATCH": 405, "TRACE": 404}.get(method, 403), (name, method)


async def test_every_value_is_bound(world: World, alice: Person) -> None:
    """Change, empty, drop or double any parameter, one at a time."""
    for name, url in (await every_url(world, alice)).items():
        method = name.split()[0]
        path, _, query = local(url).partition("?")
        pairs = query.split("&")
        for i, pair in enumerate(pairs):
            key, _, value = pair.partition("=")
            flipped = value[:-1] + ("1" if value[-1] != "1" else "2")
            rest = pairs[:i] + pairs[i + 1 :]
            for changed in (f"{key}={flipped}", f"{key}=", key, f"{key}={value}0", f"{key}=0{value}", f"{key}=+{value}", f"{key}=%20{value}",
                            f"{pair}&{key}=1", f"{key}=1&{pair}", f"{pair}&{pair}", ""):  # fmt: skip
                tampered = f"{path}?" + "&".join([*rest, *([changed] if changed else [])])
                refused = await send(alice, method, tampered, b"abc", Content_MD5=md5(b"abc"))
                assert refused.status == 403, (name, changed)
                assert b"<Code>" in refused.content


async def test_parameters_cannot_be_moved_between_urls(world: World, alice: Person) -> None:
    kinds = await every_url(world, alice)
    for name, url in kinds.items():
        for other, donor in kinds.items():
            if name != other:
                tampered = local(url).split("?")[0] + "?" + donor.split("?")[1]
                for method in ("PUT", "POST", "GET"):
                    same_key = url.split("?")[0] == donor.split("?")[0] and method == other.split()[0]
                    if not same_key:
                        assert (await send(alice, method, tampered, b"abc", Content_MD5=md5(b"abc"))).status == 403, (name, other, method)


async def test_adding_promises_to_a_free_url_or_taking_them_away(alice: Person) -> None:
    free, sized = local((await free_url(alice))["url"]), local((await sized_url(alice, b"abc"))["url"])
    await send(alice, "PUT", free + "&len=3&md5=" + "0" * 32, b"abc", expect=403)
    await send(alice, "PUT", free + "&part=1&up=x", b"abc", expect=403)
    await send(alice, "PUT", re.sub(r"&len=\d+&md5=[0-9a-f]+", "", sized), b"abc", expect=403)
    await put(alice, free + "&unknown=1", b"abc")  # what we do not read changes nothing


@pytest.mark.parametrize(
    "change",
    [
        lambda k: k.replace("/", "%2f"), lambda k: k.replace("/", "%2F", 1), lambda k: k.replace("-", "%2d", 1), lambda k: "../objects/" + k,
        lambda k: k + "/..",
        lambda k: k + "/", lambda k: "/" + k, lambda k: k.upper(), lambda k: "0" + k, lambda k: k + "%00", lambda k: k + ".tmp", lambda k: "tmp/" + k,
        lambda k: k.replace("/", "//"), lambda k: k.replace("/", "/./"), lambda k: k.replace("/", "\\"), lambda k: quote(k, safe="") + "%2e%2e",
        lambda k: "",
        lambda k: "..%2f..%2fetc%2fpasswd", lambda k: "1/" + k, lambda k: k.split("/")[1], lambda k: "-" + k, lambda k: "٣" + k,
    ],
)  # fmt: skip
async def test_paths_are_keys_or_nothing(world: World, alice: Person, change: object) -> None:
    made = await sized_url(alice, b"abc")
    url = local(made["url"]).replace(made["objectKey"], change(made["objectKey"]))  # type: ignore[operator]  # a lambda of the table
    refused = await put(alice, url, b"abc", expect=None)
    assert refused.status in (403, 404)
    assert await stored_bytes(world, made["objectKey"]) is None


async def test_another_key_even_of_the_same_owner(world: World, alice: Person, bob: Person) -> None:
    mine, other, foreign = [await sized_url(p, b"abc") for p in (alice, alice, bob)]
    for key in (other["objectKey"], foreign["objectKey"]):
        await put(alice, mine["url"].replace(mine["objectKey"], key), b"abc", expect=403)
        assert await stored_bytes(world, key) is None
    await put(alice, mine["url"].split("?")[0], b"abc", expect=403)


async def test_numbers_that_are_none(world: World, alice: Person) -> None:
    """Even correctly signed, odd numbers do no harm: only our own spelling is ever signed, so this is the second line."""
    crypto, key = world.kernel.crypto, world.kernel.crypto.mint_key(alice.user_id)
    exp = str(world.clock.now() // 1_000_000 + 60)
    for part in ("0", "10001", "999999999999999999"):
        sig = crypto.sign("part", key, exp, "", "", part, "x" * 32, "")
        refused = await send(alice, "PUT", f"/objects/{key}?exp={exp}&part={part}&up={'x' * 32}&sig={sig}", b"abc")
        assert refused.status in (400, 404)
    sig = crypto.sign("complete", key, exp, "", "", "no-such-upload", "")
    assert (await send(alice, "POST", f"/objects/{key}?exp={exp}&up=no-such-upload&sig={sig}", document(["x"]))).status == 404


async def test_upload_ids_of_any_spelling_survive_the_url(world: World, alice: Person) -> None:
    odd = "a+b/c=d&e%f~é"
    key = world.kernel.crypto.mint_key(alice.user_id)
    (url,) = urls.part_urls(world.kernel, "http://darkroom.test", urls.Begun(key, odd, world.kernel.store), [None])
    path, _, query = local(url).partition("?")
    assert path == urls.PREFIX + key
    assert urls.read(world.kernel.crypto, "PUT", key, query).upload_id == odd


async def test_nothing_of_it_is_logged(alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "darkroom")
    made = await sized_url(alice, b"abc")
    await put(alice, made["url"] + "&token=secret-token", b"abd", promised=b"abc", expect=400, X_Auth_Token="secret-token")
    await put(alice, made["url"], b"abc", X_Auth_Token="secret-token")
    signature = made["url"].split("sig=")[1]
    assert "secret-token" not in caplog.text
    assert signature not in caplog.text
