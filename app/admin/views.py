"""The pages as markup: what `pages` shows of what `service` knows. Nothing here asks a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from io import BytesIO

import segno

from .. import __version__
from ..invitations.service import Invite, path_of
from ..kernel.config import Config, format_size
from ..kernel.jobs import Run
from ..kernel.quota import UNLIMITED
from ..login.service import WaitingCode
from . import chart
from .growth import Day
from .markup import Html, Node, many, table, tag
from .queries import Act
from .service import Account, Details, Totals
from .state import State

STYLE = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
SCRIPT = resources.files(__package__).joinpath("passkey.js").read_text(encoding="utf-8")
_SCRIPTS = "Browsers use passkeys by a script only; without scripts, enter by a link."
PLACES = {
    "/admin": "Overview",
    "/admin/accounts": "Accounts",
    "/admin/invites": "Invitations",
    "/admin/codes": "Waiting codes",
    "/admin/storage": "Storage",
    "/admin/backups": "Backups",
    "/admin/jobs": "Jobs",
    "/admin/audit": "Audit log",
    "/admin/report": "Support report",
    "/admin/setup": "Set up",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page of a session has: where it is, the token of its forms, what was done, and what stands before paths at this address."""

    place: str
    csrf: str
    said: str = ""
    wrong: bool = False
    prefix: str = ""


def page(frame: Frame | None, title: str, *inside: Node) -> str:
    """A whole page; without a frame, one for who has no session."""
    body = many(
        tag("a", "To the content", href="#content", class_="skip"),
        _head(frame),
        tag("main", tag("h1", title), _said(frame), *inside, id="content", tabindex=-1),
    )
    head = many(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} – Darkroom"),
        Html(f"<style>{STYLE}</style>"),
    )
    return "<!doctype html>" + tag("html", tag("head", head), tag("body", body), lang="en")


def _head(frame: Frame | None) -> Html:
    if frame is None:
        return tag("header", tag("strong", "Darkroom"))
    links = [
        tag("li", tag("a", text, href=frame.prefix + path, aria_current="page" if path == frame.place else None)) for path, text in PLACES.items()
    ]
    return tag(
        "header",
        tag("strong", "Darkroom"),
        tag("nav", tag("ul", *links), aria_label="Administration"),
        form(frame, "/admin/leave", tag("button", "Log out")),
    )


def _said(frame: Frame | None) -> Html | None:
    if frame is None or not frame.said:
        return None
    return tag("p", frame.said, class_="said bad" if frame.wrong else "said", role="alert" if frame.wrong else "status")


def form(frame: Frame, action: str, *inside: Node, row: bool = False) -> Html:
    hidden = tag("input", type="hidden", name="csrf", value=frame.csrf)
    return tag("form", hidden, *inside, method="post", action=frame.prefix + action, class_="row" if row else None)


def field(label: str, name: str, kind: str = "text", **more: str | bool) -> Html:
    return tag("label", label, Html("<br>"), tag("input", type=kind, name=name, autocomplete="off", **more))


def when(at: int | None) -> Node:
    if at is None:
        return "never"
    moment = datetime.fromtimestamp(at / 1e6, UTC)
    return tag("time", moment.strftime("%Y-%m-%d %H:%M"), datetime=moment.isoformat())


def size(number: int) -> str:
    return "unlimited" if number >= UNLIMITED else format_size(number, exact=False)


def bar(used: int, limit: int, label: str) -> Html:
    """How full something is; the words beside it say the same."""
    words = f"{size(used)} of {size(limit)}"
    if limit >= UNLIMITED or limit <= 0:
        return tag("span", words)
    percent = min(100, used * 100 // limit)
    return many(
        tag("meter", f"{percent} %", min=0, max=100, high=80, optimum=0, value=percent, aria_label=f"{label}: {percent} %"), tag("div", words)
    )


def qr(text: str) -> Html:
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=4, xmldecl=False, svgns=False, svgclass="qr", lineclass=None, title=f"QR code of {text}")
    return Html(out.getvalue().decode())


# --- pages
def enter(link: str, prefix: str) -> str:
    hidden = tag("input", type="hidden", name="link", value=link)
    button = tag("form", hidden, tag("button", "Open the administration"), method="post", action=f"{prefix}/admin/enter")
    return page(None, "Administration", tag("p", "This link opens the administration of this server once."), button)


def closed(reason: str, passkey: str = "") -> str:
    """`passkey`: the path of the page for these, where somebody may use one."""
    how = tag("p", "On the server, ", tag("code", "darkroom admin login"), " prints a link that opens it.")
    other = tag("p", "Administrators of the configuration may ", tag("a", "use a passkey", href=passkey), ".") if passkey else None
    return page(None, "Administration", tag("p", reason, class_="bad", role="alert") if reason else None, how, other)


def passkey_address(prefix: str, problem: str = "") -> str:
    """Whose passkey."""
    ask = tag("form", field("Your e-mail address", "email", "email", required=True), tag("button", "Go on"), method="post",
              action=f"{prefix}/admin/passkey", class_="row")  # fmt: skip
    return page(None, "Administration by passkey", tag("p", problem, class_="bad", role="alert") if problem else None, ask)


def passkey(prefix: str, ceremony: str, options: str) -> str:
    """The one page with a script: a browser uses a passkey for nothing else."""
    ask = tag(
        "form",
        tag("input", type="hidden", name="ceremony", value=ceremony),
        tag("input", type="hidden", name="answer", value=""),
        tag("button", "Use the passkey"),
        method="post",
        action=f"{prefix}/admin/passkey/finish",
        id="passkey",
        data_options=options,
    )
    script = Html(f"<script>{SCRIPT}</script>")
    return page(None, "Administration by passkey", ask, tag("p", "", id="said", class_="bad", role="status"), tag("noscript", _SCRIPTS), script)


def overview(
    frame: Frame, state: State, totals: Totals, runs: list[Run], config: Config, waiting: int, missing: dict[str, int], days: list[Day]
) -> str:
    cards = [
        ("Accounts", str(totals.accounts)),
        ("Stored", size(totals.bytes)),
        ("Files", f"{totals.files:,}"),
        ("Waiting codes", str(waiting)),
        ("Database", state.database),
        ("Version", __version__),
    ]
    stores: list[list[Node]] = [
        [s.name, s.kind, "well" if not s.problem else tag("span", s.problem, class_="bad"), "unknown" if s.free is None else size(s.free)]
        for s in state.stores
    ]
    dangers = [tag("li", text, class_="bad") for text in state.dangers]
    return page(
        frame,
        "Overview",
        tag("ul", *dangers) if dangers else None,
        tag("ul", *(tag("li", name, tag("b", value)) for name, value in cards), class_="cards"),
        tag("h2", "Disk and stores"),
        bar(state.disk_used, state.disk_total, "Disk of the data folder") if state.disk_total else None,
        table("Stores", ["Store", "Kind", "State", "Free"], stores),
        tag("h2", "Growth"),
        chart.growth(days),
        tag("h2", "Jobs"),
        job_table(runs),
        tag("h2", "Registration"),
        tag("p", f"Who may sign up: {config.registration.mode}. ", "Sizes above are of all accounts, without derived data and copies."),
        *_missing(missing),
    )


def _missing(missing: dict[str, int]) -> list[Node]:
    """What apps asked for since the start that is not there: a newer app's needs are seen first."""
    if not missing:
        return []
    rows: list[list[Node]] = [[tag("code", route), f"{count:,}"] for route, count in sorted(missing.items(), key=lambda item: -item[1])]
    return [tag("h2", "Routes that are missing"), table("What apps asked for and this server has not, since its start", ["Route", "Requests"], rows)]


def job_table(runs: Iterable[Run]) -> Html:
    rows: list[list[Node]] = [
        [
            r.name,
            when(r.ended_at),
            when(r.succeeded_at),
            tag("span", f"failed: {r.problem}", class_="bad") if r.problem else tag("span", "well", class_="good"),
        ]
        for r in runs
    ]
    return table("Background jobs", ["Job", "Last run", "Last success", "How"], rows)


def account_list(frame: Frame, live: list[Account], gone: list[Account], more: int | None) -> str:
    rows: list[list[Node]] = [
        [
            tag("a", a.email, href=f"{frame.prefix}/admin/accounts/{a.user_id}"),
            when(a.created_at),
            f"{a.files:,}",
            bar(a.bytes, a.limit, a.email),
            ", ".join([*(["sign-up not finished"] if not a.ready else []), *(["second factor"] if a.totp else [])]) or "–",
        ]
        for a in live
    ]
    closed_rows: list[list[Node]] = [
        [tag("a", f"account {a.user_id}", href=f"{frame.prefix}/admin/accounts/{a.user_id}"), when(a.deleted_at), size(a.bytes)] for a in gone
    ]
    return page(
        frame,
        "Accounts",
        table("Accounts", ["Address", "Since", "Files", "Storage", "State"], rows),
        tag("p", tag("a", "More accounts", href=f"{frame.prefix}/admin/accounts?after={more}")) if more else None,
        tag("h2", "Closed accounts that can come back"),
        table("Closed accounts", ["Account", "Closed", "Stored"], closed_rows),
    )


def account(frame: Frame, d: Details) -> str:
    a, here = d.account, f"/admin/accounts/{d.account.user_id}"
    facts: list[list[Node]] = [
        ["Number", str(a.user_id)],
        ["Since", when(a.created_at)],
        ["Storage", bar(a.bytes, a.limit, "Storage")],
        ["Limit", "the default" if a.quota is None else "none" if a.quota == 0 else size(a.quota)],
        ["Second factor", ", ".join([*(["authenticator"] if a.totp else []), *([f"{d.passkeys} passkeys"] if d.passkeys else [])]) or "none"],
        ["Code by e-mail at log-in", "yes" if d.email_mfa else "no"],
        ["Open links", f"{d.album_links} of albums, {d.file_links} of files"],
    ]
    devices: list[list[Node]] = [
        [
            s.user_agent or "unknown",
            s.app,
            s.ip or "–",
            when(s.last_used_at),
            form(frame, f"{here}/end-session", tag("input", type="hidden", name="handle", value=s.handle), tag("button", "Log out")),
        ]
        for s in d.sessions
    ]
    return page(
        frame,
        a.email or f"Account {a.user_id}",
        table("About this account", ["What", "Is"], facts),
        *(_acts(frame, d, here) if a.deleted_at is None else _closed_acts(frame, a, here)),
        tag("h2", "Devices"),
        table("Devices that are logged in", ["Device", "App", "Address", "Last used", "Action"], devices),
        tag("h2", "What was done"),
        act_table(d.acts),
    )


def _acts(frame: Frame, d: Details, here: str) -> list[Node]:
    name = d.account.email
    sure = field(f"To be sure, type {name}", "name", required=True)
    return [
        tag("h2", "Limit"),
        form(
            frame,
            f"{here}/quota",
            field('New limit, such as "50GiB", "unlimited" or "default"', "size", required=True),
            tag("button", "Set the limit"),
            row=True,
        ),
        tag("h2", "Log out everywhere"),
        form(frame, f"{here}/end-sessions", tag("button", "End all sessions"), row=True),
        tag("h2", "Forget the second factor"),
        tag("p", "For somebody who has lost the phone: no code and no passkey is asked for any more.", class_="soft"),
        form(frame, f"{here}/reset-second-factor", sure, tag("button", "Forget it", class_="danger"), row=True),
        tag("h2", "Close the account"),
        tag("p", "As its owner does by deleting it: sessions, shares and links end. It can come back until its data is removed.", class_="soft"),
        form(frame, f"{here}/close", sure, tag("button", "Close the account", class_="danger"), row=True),
    ]


def _closed_acts(frame: Frame, a: Account, here: str) -> list[Node]:
    return [
        tag("h2", "Bring it back"),
        tag("p", "This account is closed since ", when(a.deleted_at), "."),
        form(frame, f"{here}/restore", field("Its address", "email", "email", required=True), tag("button", "Bring it back"), row=True),
    ]


def codes(frame: Frame, waiting: list[WaitingCode]) -> str:
    rows: list[list[Node]] = [[c.email or "unknown", tag("code", c.code), c.app, when(c.created_at), when(c.expires_at)] for c in waiting]
    return page(
        frame,
        "Waiting codes",
        tag("p", "Codes that somebody has asked for in an app. Give one only to the person whose address it is."),
        table("Codes", ["Address", "Code", "App", "Asked for", "Good until"], rows),
    )


def invites(frame: Frame, found: list[Invite], address: str, mode: str, code: str = "") -> str:
    words = {
        "first": "Anybody may open the first account; after it only who is invited.",
        "open": "Anybody may sign up, invited or not.",
        "invite": "Only who is invited may sign up.",
        "closed": "Nobody may sign up.",
    }
    terms = (
        field("Good for so many days", "days", "number"),
        field('The new account\'s limit, such as "50GiB" or "unlimited"', "size"),
    )
    return page(
        frame,
        "Invitations",
        tag("p", words[mode]),
        _new_code(address, code) if code else None,
        tag("h2", "Somebody whose address you know"),
        form(
            frame,
            "/admin/invites",
            field("Address", "email", "email", required=True),
            *terms,
            tag("button", "Invite", name="how", value="invite"),
            tag("button", "Open an account at once", name="how", value="account"),
            row=True,
        ),
        tag("h2", "Somebody else"),
        tag("p", "A link for one account: whoever has it chooses the address. Without a number of days it is good for two weeks.", class_="soft"),
        form(frame, "/admin/invites", *terms, tag("button", "Make a link", name="how", value="code"), row=True),
        table("Invitations", ["Who", "Since", "Good until", "Used", "Action"], [_invite(frame, i) for i in found]),
        tag("h2", "What to send"),
        _how_to(address),
    )


def _new_code(address: str, code: str) -> Html:
    link = address + path_of(code)
    return tag(
        "div",
        tag("p", "Send this link to the person you invite; it is shown this once:"),
        tag("p", tag("code", link)),
        tag("p", "The code alone, for the page ", tag("code", f"{address}/invite"), ": ", tag("code", code)),
        tag("div", qr(link)),
        role="status",
    )


def _invite(frame: Frame, i: Invite) -> list[Node]:
    which = i.email if i.code_id is None else str(i.code_id)
    return [
        i.email or ("unknown" if i.code_id is None else f"link {i.code_id}"),
        when(i.created_at),
        when(i.expires_at) if i.expires_at else "for ever",
        when(i.used_at) if i.used_at else "open",
        ""
        if i.used_at or not which
        else form(frame, "/admin/invites/withdraw", tag("input", type="hidden", name="which", value=which), tag("button", "Withdraw")),
    ]


def _how_to(address: str) -> Html:
    steps = (
        "Open the app and stay on its first page, before you log in.",
        "Tap the picture or the empty space there seven times. A page called “Developer settings” opens.",
        "Type the address below, without a slash at the end, and save.",
        "Create an account with the address that was invited.",
    )
    return many(tag("ol", *(tag("li", step) for step in steps)), tag("p", tag("code", address)), tag("div", qr(address)))


def act_table(found: list[Act]) -> Html:
    rows: list[list[Node]] = [[when(a.at), a.actor, a.act, "–" if a.user_id is None else str(a.user_id), a.detail or "–"] for a in found]
    return table("Acts", ["When", "Who", "What", "Account", "More"], rows)


def audit(frame: Frame, found: list[Act], more: int | None) -> str:
    older = tag("p", tag("a", "Older", href=f"{frame.prefix}/admin/audit?before={more}")) if more else None
    return page(frame, "Audit log", tag("p", "Accounts are named by their number: the log keeps no address."), act_table(found), older)


def jobs(frame: Frame, runs: list[Run]) -> str:
    return page(frame, "Jobs", job_table(runs))


def report(frame: Frame, text: str) -> str:
    words = "For a bug report. No address, no code, no key and no name of a person is in it; read it before you send it."
    return page(frame, "Support report", tag("p", words), tag("pre", text, tabindex=0))


def setup(frame: Frame, address: str, mode: str, reached: str) -> str:
    return page(
        frame,
        "Set up",
        tag("h2", "1. Can apps reach this server?"),
        tag("p", "Apps will use ", tag("code", address), ". Another address is set with ", tag("code", "public_url"), " in the configuration."),
        tag("p", reached, role="status") if reached else None,
        form(frame, "/admin/setup/reach", tag("button", "Try it from the server"), row=True),
        tag("h2", "2. Who may sign up?"),
        tag("p", f"registration.mode is “{mode}”. “invite” keeps strangers out of a server that the internet reaches."),
        tag("h2", "3. The first account"),
        form(frame, "/admin/setup", field("Your e-mail address", "email", "email", required=True), tag("button", "Open the account"), row=True),
        tag("h2", "4. The app"),
        _how_to(address),
        tag(
            "p", "No mail is sent: the code that the app asks for appears under ", tag("a", "Waiting codes", href=f"{frame.prefix}/admin/codes"), "."
        ),
    )
