"""People that Ente's apps found, as tools see them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.bridge.conftest import Serve, Someone, Tool
from tests.bridge.immich.test_assets import NOBODY
from tests.bridge.library.test_people import detect, with_carol


async def test_it_works(immich: Tool, alice: Someone) -> None:
    library = immich.library
    first, _ = await with_carol(library, alice)
    asset_id = library.uuid_of(library.photos[first])
    found = (await immich.get("/api/people")).json()
    assert ([p["name"] for p in found["people"]], found["total"], found["hidden"], found["hasNextPage"]) == (["Carol"], 2, 1, False)
    carol = found["people"][0]
    assert [p["name"] for p in (await immich.get("/api/people", params={"withHidden": "true"})).json()["people"]] == ["Carol", "Mallory"]
    pages = [(await immich.get("/api/people", params={"withHidden": "true", "size": 1, "page": n})).json() for n in (1, 2, 3)]
    assert [([p["name"] for p in page["people"]], page["hasNextPage"]) for page in pages] == [(["Carol"], True), (["Mallory"], False), ([], False)]
    assert (await immich.get("/api/search/person", params={"name": "aro"})).json() == [carol]
    assert (await immich.get("/api/search/person", params={"name": "x"})).json() == []
    path = f"/api/people/{carol['id']}"
    assert (await immich.get(path)).json() == carol
    assert (await immich.get(f"{path}/statistics")).json() == {"assets": 1}
    face = await immich.get(f"{path}/thumbnail")
    assert (face.headers["content-type"], Image.open(io.BytesIO(face.content)).size) == ("image/jpeg", (250, 250))
    body = {"personIds": [carol["id"]], "withPeople": True}
    (asset,) = (await immich.post("/api/search/metadata", json=body)).json()["assets"]["items"]
    assert (asset["id"], [p["name"] for p in asset["people"]]) == (asset_id, ["Carol"])
    (month,) = (await immich.get("/api/timeline/buckets", params={"personId": carol["id"]})).json()
    assert month["count"] == 1


async def test_faces(immich: Tool, alice: Someone) -> None:
    library = immich.library
    first, second = await with_carol(library, alice)
    await detect(alice.connection, second, library.photos[second].file.key, [f"{second}_60000_60000_70000_70000"])
    (carol,) = (await immich.get("/api/faces", params={"id": library.uuid_of(library.photos[first])})).json()
    corners = [carol[f"boundingBox{corner}"] for corner in ("X1", "Y1", "X2", "Y2")]
    assert (corners, carol["imageWidth"], carol["imageHeight"], carol["person"]["name"]) == ([100, 75, 200, 150], 400, 300, "Carol")
    others = (await immich.get("/api/faces", params={"id": library.uuid_of(library.photos[second])})).json()
    assert sorted((face["person"] or {"name": ""})["name"] for face in others) == ["", "", "Mallory"]


async def test_an_account_without_people(immich: Tool) -> None:
    assert (await immich.get("/api/people")).json() == {"people": [], "total": 0, "hidden": 0, "hasNextPage": False}


@pytest.mark.parametrize("path", ["", "/statistics", "/thumbnail"])
async def test_what_is_refused(immich: Tool, serve: Serve, path: str) -> None:
    refused = await immich.get(f"/api/people/{NOBODY}{path}")
    assert (refused.status_code, refused.json()["message"]) == (400, "Not found or no person.read access")
    poor = serve(immich.library, permissions=("asset.read",))
    assert (await poor.get(f"/api/people/{NOBODY}{path}")).status_code == 403
    assert (await immich.get("/api/people", params={"size": 0})).status_code == 400
    assert (await immich.get("/api/search/person")).status_code == 400
