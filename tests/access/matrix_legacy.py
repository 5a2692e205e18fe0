"""Trusted people and recovery kits (misc.md §6, §7): the owner, who is trusted with the account, who finds a kit, and everybody else."""

from __future__ import annotations

from typing import Any

from app.kernel.crypto import b64
from bridge.client import srp
from tests.access.rows import EVERYBODY, Ask, Row, Rows, Statuses, people, same
from tests.access.scene import INTRUDERS, Scene
from tests.legacy.scenes import NEW_KEYS, Kit, answer, invite, proof, start, trust

SEALED_KEY = "b3duZXJzcmVjb3Zlcnlib3g="
UUID = "11111111-2222-4333-8444-555555555555"
SETUP = {"srpUserID": UUID, "srpSalt": b64(bytes(16)), "srpVerifier": b64(bytes([1]) * 512), "srpA": b64(srp.pad(5))}
UPDATE = {"setupID": UUID, "srpM1": b64(bytes(32)), "updatedKeyAttr": NEW_KEYS}
REFUSED = dict.fromkeys(INTRUDERS, 401)
TRUSTED_ONLY: Statuses = {"TRUSTED": 200, "OWNER": 403, "INVITED": 403, "STRANGER": 403, **REFUSED}
OWNER_ONLY: Statuses = {"OWNER": 200, "TRUSTED": 403, "INVITED": 403, "STRANGER": 403, **REFUSED}
FINDERS: Statuses = {"FINDER": 200, "WITH_ANOTHERS_TOKEN": 404, "ANONYMOUS": 404, "OWNER": 404}
OWN = people(200, 404, 404, 404, 404, 404)


async def prepare(s: Scene) -> None:
    trusted, invited = await s.world.person("trusted"), await s.world.person("invited")
    s.people.update(TRUSTED=trusted, INVITED=invited, FINDER=s.world.anon(), WITH_ANOTHERS_TOKEN=s.world.anon())
    await trust(s.owner, trusted, 7)
    await invite(s.owner, invited, key=SEALED_KEY)
    s.extra["pair"] = {"userID": s.owner.user_id, "emergencyContactID": trusted.user_id}
    s.extra["invited"] = {"userID": s.owner.user_id, "emergencyContactID": invited.user_id}
    s.extra["recovery"] = await start(s.owner, trusted)
    helped = s.person("FORMER")  # an account whose recovery is ready, so that both sides of the time are here
    await trust(helped, trusted, 7)
    await trusted.post("/emergency-contacts/start-recovery", {"userID": helped.user_id, "emergencyContactID": trusted.user_id})
    begun = (await trusted.get("/emergency-contacts/info")).json()["othersRecoverySession"]
    s.extra["ready"] = next(r for r in begun if r["user"]["id"] == helped.user_id)
    await answer(helped, helped, trusted, s.extra["ready"], "approve")
    for name, hours in (("kit", 0), ("slow", 24), ("unopened", 0)):
        kit = s.extra[name] = Kit()
        await s.owner.post("/legacy-kits", kit.body(hours, encryptedRecoveryBlob=SEALED_KEY))
    s.extra["proof"] = proof(await s.extra["kit"].open(s.people["FINDER"]))
    s.extra["slow_proof"] = proof(await s.extra["slow"].open(s.people["FINDER"]))
    s.extra["challenge"] = await s.extra["unopened"].challenge(s.people["FINDER"])
    s.secrets += [SEALED_KEY, trusted.email, invited.email, s.extra["proof"]["sessionToken"]]


def _pair(path: str, **more: Any) -> Ask:
    return lambda s, a: (path, {**s.extra["pair"], **more})


def _one(verb: str) -> Ask:
    return lambda s, a: (f"/emergency-contacts/{verb}-recovery", {"id": s.extra["recovery"]["id"], **s.extra["pair"]})


def _password(verb: str, which: str, body: dict[str, Any]) -> Ask:
    return lambda s, a: (f"/emergency-contacts/{verb}-password", {"recoveryID": s.extra[which]["id"], **body})


def _kit(path: str, which: str = "kit") -> Ask:
    return lambda s, a: (path.replace("{id}", s.extra[which].id), None)


def _kit_body(path: str, which: str = "slow", **more: Any) -> Ask:
    return lambda s, a: (path, {"kitID": s.extra[which].id, **more})


def _proof(path: str, which: str = "proof", **more: Any) -> Ask:
    def ask(s: Scene, actor: str) -> tuple[str, Any]:
        shown = dict(s.extra[which])
        if actor != "FINDER":
            shown["sessionToken"] = s.extra["slow_proof"]["sessionToken"] if actor == "WITH_ANOTHERS_TOKEN" else "x" * 43
        return f"/legacy-kits/recovery/{path}", {**shown, **more}

    return ask


ROWS: Rows = {
    ("GET", "/emergency-contacts/info"): Row(same("/emergency-contacts/info"), EVERYBODY),
    ("POST", "/emergency-contacts/add"): Row(lambda s, a: ("/emergency-contacts/add", {"email": s.guest_email, "encryptedKey": "a2V5"}), EVERYBODY),
    ("POST", "/emergency-contacts/update"): Row(
        lambda s, a: ("/emergency-contacts/update", {**s.extra["invited"], "state": "ACCEPTED"}),
        {"INVITED": 200, "OWNER": 400, "TRUSTED": 403, "STRANGER": 403, **REFUSED},
    ),
    ("POST", "/emergency-contacts/update", "revoking"): Row(
        _pair("/emergency-contacts/update", state="REVOKED"), {"OWNER": 200, "TRUSTED": 400, "INVITED": 403, "STRANGER": 403, **REFUSED}
    ),
    ("POST", "/emergency-contacts/update-recovery-notice"): Row(
        lambda s, a: (
            "/emergency-contacts/update-recovery-notice",
            {"emergencyContactID": s.extra["invited"]["emergencyContactID"], "recoveryNoticeInDays": 9},
        ),
        {"OWNER": 200, "TRUSTED": 400, "INVITED": 400, "STRANGER": 400, **REFUSED},
    ),
    ("POST", "/emergency-contacts/start-recovery"): Row(
        _pair("/emergency-contacts/start-recovery"),
        TRUSTED_ONLY,
        inert=("TRUSTED",),  # one is under way
    ),
    ("POST", "/emergency-contacts/stop-recovery"): Row(_one("stop"), TRUSTED_ONLY),
    ("POST", "/emergency-contacts/reject-recovery"): Row(_one("reject"), OWNER_ONLY),
    ("POST", "/emergency-contacts/approve-recovery"): Row(_one("approve"), OWNER_ONLY),
    ("GET", "/emergency-contacts/recovery-info/{id}"): Row(
        lambda s, a: (f"/emergency-contacts/recovery-info/{s.extra['ready']['id']}", None),
        {"TRUSTED": 200, "FORMER": 403, "OWNER": 403, "STRANGER": 403, **REFUSED},
    ),
    ("GET", "/emergency-contacts/recovery-info/{id}", "before the time is over"): Row(
        lambda s, a: (f"/emergency-contacts/recovery-info/{s.extra['recovery']['id']}", None), {**TRUSTED_ONLY, "TRUSTED": 400}
    ),
    ("POST", "/emergency-contacts/init-change-password"): Row(
        _password("init-change", "ready", {"setupSRPRequest": SETUP}), {"TRUSTED": 200, "FORMER": 403, "OWNER": 403, "STRANGER": 403, **REFUSED}
    ),
    ("POST", "/emergency-contacts/init-change-password", "before the time is over"): Row(
        _password("init-change", "recovery", {"setupSRPRequest": SETUP}), {**TRUSTED_ONLY, "TRUSTED": 400}
    ),
    ("POST", "/emergency-contacts/change-password"): Row(  # of a setup that is not there: who may hears 404
        _password("change", "ready", {"updateSrpAndKeysRequest": UPDATE}), {"TRUSTED": 404, "FORMER": 403, "OWNER": 403, "STRANGER": 403, **REFUSED}
    ),
    ("POST", "/emergency-contacts/change-password", "before the time is over"): Row(
        _password("change", "recovery", {"updateSrpAndKeysRequest": UPDATE}), {**TRUSTED_ONLY, "TRUSTED": 400}
    ),
    # --- kits: their owner
    ("POST", "/legacy-kits"): Row(  # with an id that is the owner's: the owner's repetition is fine
        lambda s, a: ("/legacy-kits", s.extra["kit"].body(0, encryptedRecoveryBlob=SEALED_KEY)),
        people(200, 409, 409, 409, 409, 409),
        inert=("OWNER",),
    ),
    ("POST", "/legacy-kits", "a new one"): Row(same("/legacy-kits", Kit().body()), people(409, 409, 409, 409, 409, 200)),
    ("GET", "/legacy-kits"): Row(same("/legacy-kits"), EVERYBODY),
    ("GET", "/legacy-kits/{id}/download"): Row(_kit("/legacy-kits/{id}/download"), OWN),
    ("GET", "/legacy-kits/{id}/download-content"): Row(_kit("/legacy-kits/{id}/download-content"), OWN),
    ("GET", "/legacy-kits/{id}/recovery-session"): Row(_kit("/legacy-kits/{id}/recovery-session"), OWN),
    ("POST", "/legacy-kits/update-recovery-notice"): Row(_kit_body("/legacy-kits/update-recovery-notice", "unopened", noticePeriodInHours=24), OWN),
    ("POST", "/legacy-kits/block-recovery"): Row(_kit_body("/legacy-kits/block-recovery"), OWN),
    ("DELETE", "/legacy-kits/{id}"): Row(_kit("/legacy-kits/{id}"), OWN),
    # --- kits: whoever has found one
    ("POST", "/legacy-kits/recovery/challenge"): Row(  # to be opened with the kit's secret only
        _kit_body("/legacy-kits/recovery/challenge"), {"FINDER": 200, "ANONYMOUS": 200}, inert=("FINDER", "ANONYMOUS")
    ),
    ("POST", "/legacy-kits/recovery/open"): Row(
        lambda s, a: ("/legacy-kits/recovery/open", {"kitID": s.extra["unopened"].id, "challenge": s.extra["challenge"] if a == "FINDER" else "x"}),
        {"FINDER": 200, "ANONYMOUS": 400, "OWNER": 400},
    ),
    ("POST", "/legacy-kits/recovery/session"): Row(_proof("session"), FINDERS, inert=("FINDER",)),
    ("POST", "/legacy-kits/recovery/info"): Row(_proof("info"), FINDERS, inert=("FINDER",)),
    ("POST", "/legacy-kits/recovery/info", "before the time is over"): Row(
        _proof("info", "slow_proof"), {"FINDER": 400, "WITH_ANOTHERS_TOKEN": 400, "ANONYMOUS": 404}
    ),
    ("POST", "/legacy-kits/recovery/init-change-password"): Row(_proof("init-change-password", setupSRPRequest=SETUP), FINDERS),
    ("POST", "/legacy-kits/recovery/change-password"): Row(_proof("change-password", updateSrpAndKeysRequest=UPDATE), {**FINDERS, "FINDER": 404}),
}
