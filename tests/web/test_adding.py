"""Installing a build: from folders and archives, never out of its folder, and never half."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.kernel.config import Config
from app.web import adding, builds, links
from app.web.builds import NoBuild
from tests.cli.command import darkroom
from tests.web.builds import FILES, SCRIPT, build, packed

OWN = "https://photos.example.org"
ADDRESSES = {"ENTE_API_ORIGIN_PLACEHOLDER": OWN}


def test_it_works(tmp_path: Path) -> None:
    target = tmp_path / "web/albums"
    adding.add(packed(tmp_path, FILES, "out/"), target, ADDRESSES)
    found = builds.read(target)
    assert set(found.assets) == set(FILES)
    script = found.assets["_next/static/main-0a1b2c3d.js"]
    assert OWN in script.path.read_text()
    assert set(script.packed) == {"gzip"}
    assert builds.endpoint(target, OWN) == OWN
    assert builds.endpoint(target, "https://other.example.org") == OWN
    assert [p.name for p in target.parent.iterdir()] == ["albums"]
    adding.add(build(tmp_path / "new", **{"more.txt": "x"}), target, {})
    assert "more.txt" in builds.read(target).assets
    assert builds.endpoint(target, OWN) == "ENTE_API_ORIGIN_PLACEHOLDER"


@pytest.mark.parametrize("name", ["../evil.js", "/etc/evil.js", "a/../../evil.js", "..\\evil.js", "c:/evil.js"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "inner/web/albums"
    adding.add(build(tmp_path / "old"), target, {})
    with pytest.raises(NoBuild, match="leads out"):
        adding.add(packed(tmp_path, {**FILES, name: "evil"}), target, {})
    assert not list(tmp_path.rglob("evil*"))
    assert set(builds.read(target).assets) == set(FILES)


def test_what_is_no_build_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "web/albums"
    noise = tmp_path / "noise.zip"
    noise.write_bytes(b"no zip")
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as z:
        entry = zipfile.ZipInfo("index.html")
        entry.external_attr = 0o120777 << 16
        z.writestr(entry, "/etc/passwd")
    linked = build(tmp_path / "linked")
    (linked / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "sub").mkdir()
    for source in (noise, link, linked, packed(tmp_path / "sub", {"readme.txt": "x"}), tmp_path / "sub"):
        with pytest.raises(NoBuild):
            adding.add(source, target, {})
    assert not target.exists()


def test_the_endpoint_of_a_build(tmp_path: Path) -> None:
    folder = build(tmp_path / "a", **{"_next/static/main-0a1b2c3d.js": SCRIPT.replace("ENTE_API_ORIGIN_PLACEHOLDER", "https://api.example.com")})
    assert builds.endpoint(folder, OWN) == "https://api.example.com"
    (folder / "_next/static/main-0a1b2c3d.js").write_text("nothing")
    assert builds.endpoint(folder, OWN) is None


def test_what_will_not_open_is_said(tmp_path: Path) -> None:
    assert links.notes(Config())[0].startswith("public_url is not set: links are made for http://localhost:8080")
    config = Config(public_url=OWN, data_dir=tmp_path, web={"hosts": {"albums": "albums.example.org"}})  # type: ignore[arg-type]  # as TOML gives it
    said = links.notes(config)
    assert any(line.startswith("no web app for share, memories") for line in said)
    assert any("https://albums.example.org answers 404" in line and "darkroom web add" in line for line in said)
    adding.add(build(tmp_path / "built"), tmp_path / "web/albums", {"ENTE_API_ORIGIN_PLACEHOLDER": "https://api.example.com"})
    assert "https://albums.example.org: the albums app was built for https://api.example.com, not for " + OWN in links.notes(config)
    adding.add(build(tmp_path / "built"), tmp_path / "web/albums", ADDRESSES)
    assert not any("albums" in line for line in links.notes(config))
    apps = dict.fromkeys(("share", "memories", "accounts", "cast", "embed", "paste", "legacy", "family"), "https://x.example.org")
    assert links.notes(config.model_copy(update={"apps": config.apps.model_copy(update=apps)})) == []


def test_the_command(tmp_path: Path) -> None:
    source = packed(tmp_path, FILES)
    env = {"DARKROOM_PUBLIC_URL": OWN, "DARKROOM_WEB_HOSTS_ALBUMS": "albums.example.org", "DARKROOM_DATA_DIR": str(tmp_path / "data")}
    added = darkroom("web", "add", str(source), "--app", "albums", cwd=tmp_path, **env)
    assert (added.returncode, added.stderr) == (0, "")
    assert f"built for this server, {OWN}" in added.stdout
    listed = darkroom("web", "list", cwd=tmp_path, **env).stdout.split("\t")
    assert listed[:2] == ["albums", "https://albums.example.org"]
    assert darkroom("web", "add", "none.zip", "--app", "albums", cwd=tmp_path, **env).returncode == 1
