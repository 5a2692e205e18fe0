"""The pages of stores and backups as markup."""

from __future__ import annotations

from typing import Any

from .markup import Html, Node, table, tag
from .upkeep import Backups
from .views import Frame, field, form, page, size, when

Json = dict[str, Any]


def stores(frame: Frame, seen: Json) -> str:
    rows: list[list[Node]] = [
        [
            s["name"],
            s["kind"],
            ", ".join(word for word in (s["role"], s["state"]) if word),
            tag("span", s["problem"] or s["health"], class_="bad") if s["problem"] or s["health"] == "down" else s["health"],
            f"{s['objects']:,}",
            size(s["bytes"]),
            "unknown" if s["free"] is None else size(s["free"]),
            f"{s['waiting']:,} to copy, {s['leaving']:,} to remove",
            tag("span", f"{s['dead']:,}", class_="bad") if s["dead"] else "0",
            _acts(frame, s),
        ]
        for s in seen["stores"]
    ]
    passes: list[list[Node]] = [
        [
            p["name"],
            when(p["started"]),
            when(p["finished"]) if p["done"] else f"{p['progress']:.0%}",
            f"{p['objects']:,}",
            size(p["bytes"]),
            tag("span", str(p["problems"]), class_="bad") if p["problems"] else "0",
        ]
        for p in seen["sweeps"]
        if p["kind"] != "plan"
    ]
    dead: list[list[Node]] = [[tag("code", d["key"]), d["store"], d["problem"]] for d in seen["dead"]]
    heads = ["Store", "Kind", "Use", "Health", "Objects", "Bytes", "Free", "Waiting", "Given up", "Action"]
    return page(
        frame,
        "Storage",
        tag("p", f"Copies of each object: {seen['copies']}. Stores stand in the configuration; what is ordered here goes on in the background."),
        table("Stores", heads, rows),
        tag("h2", "Checks and moves"),
        table("Passes over a store", ["What", "Began", "Ended", "Objects", "Bytes", "Problems"], passes),
        tag("h2", "Copies that were given up"),
        tag("p", "“Look for what is missing” has them made again, once the cause is gone.", class_="soft"),
        table("Given up", ["Object", "Store", "Why"], dead),
        *_leaving(frame, seen),
    )


def _acts(frame: Frame, store: Json) -> Html:
    if store["kind"] == "not in the configuration":
        return tag("span", "–")
    wanted = [("verify", "Read and compare everything"), ("resync", "Look for what is missing")]
    if store["state"] != "active":
        wanted.append(("add", "Take into use again"))
    return tag("div", *(form(frame, f"/admin/storage/{act}", _named(store["name"]), tag("button", words)) for act, words in wanted))


def _named(name: str) -> Html:
    return tag("input", type="hidden", name="name", value=name)


def _leaving(frame: Frame, seen: Json) -> list[Node]:
    """Only where there is another store to go to."""
    if len(seen["stores"]) < 2:
        return []
    return [
        tag("h2", "Empty a store"),
        tag("p", "Its objects move to the others, and new ones go elsewhere. An empty store can be retired and taken out of the configuration."),
        form(
            frame,
            "/admin/storage/drain",
            field("To be sure, type the store's name", "name", required=True),
            tag("button", "Empty it", class_="danger"),
            row=True,
        ),
        form(
            frame,
            "/admin/storage/retire",
            field("An empty store's name", "name", required=True),
            tag("button", "Retire it", class_="danger"),
            row=True,
        ),
    ]


def backups(frame: Frame, b: Backups) -> str:
    rows: list[list[Node]] = [
        [name, when(f.taken_at), f.version, str(f.users), f"{f.objects:,}", size(f.bytes), "in it" if f.secrets else "kept elsewhere"]
        for name, f in b.found
    ]
    return page(
        frame,
        "Backups",
        *(_scheduled(b) if b.folder else _none()),
        table("Backups", ["Name", "Taken", "By version", "Accounts", "Objects", "Bytes", "secrets.toml"], rows) if b.folder else None,
        tag("p", "The last backup by command: ", when(b.by_hand.at), ".") if b.by_hand else None,
        tag("h2", "The drill"),
        tag("p", "A backup that was never restored is a hope. This restores one beside the server, reads every byte, and removes it again:"),
        tag("p", tag("code", f"darkroom backup verify {b.folder or 'FOLDER'}")),
    )


def _scheduled(b: Backups) -> list[Node]:
    newest = b.found[0][1].taken_at if b.found else None
    words = ["Every ", str(b.every_hours), " hours into ", tag("code", b.folder), f"; {b.keep} are kept. The newest is of ", when(newest), "."]
    return [
        tag("p", *words),
        tag("p", "The newest backup is too old.", class_="bad", role="alert") if b.late else None,
        tag("p", f"The folder cannot be read: {b.problem}.", class_="bad", role="alert") if b.problem else None,
        tag("p", f"The last try failed ({b.run.problem}); the server's log says why.", class_="bad") if b.run and b.run.problem else None,
    ]


def _none() -> list[Node]:
    return [
        tag("p", "This server makes no backups by itself.", class_="bad"),
        tag("p", "Say in the configuration where to, best on another disk or machine:"),
        tag("pre", '[backup]\ndir = "/mnt/nas/darkroom"', tabindex=0),
    ]
