"""Rules of the remote store: which keys exist, who may set them, and what the apps are told this server can do."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ..db import Tx
from ..http.query import Needed, Query
from ..kernel import people, sync
from ..kernel.access import Session
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Conflict, NotFound
from ..kernel.host_names import to_ascii
from ..kernel.parts import Kernel
from . import dns, domain, queries
from .abilities import FLAG
from .wire import FeatureFlags, Setting, Value

DOMAIN = "customDomain"
SWITCHES = frozenset({"recoveryKeyVerified", "mapEnabled", "faceSearchEnabled", "passKeyEnabled"})
OPERATORS = frozenset({"internalUser", "betaUser"})  # only an operator sets these

BY_OPERATORS = OPERATORS | {"passKeyEnabled"}


class OneSetting(Query):
    key: Needed[str]
    default_value: str | None = None


async def get(kernel: Kernel, actor: Session, query: OneSetting) -> Value:
    """What was set, else the default; 404 without either."""
    found = await kernel.db.read(queries.value, actor.user_id, query.key)
    if found is None:
        found = query.default_value
    if found is None:
        raise NotFound(log=f"{query.key[:64]} is not set")
    return Value(value=found)


async def update(kernel: Kernel, actor: Session, ask: Setting) -> None:
    """Set a switch to "true" or "false", or the custom domain; 409 CONFLICT when somebody else has that domain."""
    if ask.value is None:
        raise BadRequest(log="no value")
    if ask.key == DOMAIN:
        await _set_domain(kernel, actor, ask.value)
        return
    if ask.key not in SWITCHES:
        text = "is not user editable" if ask.key in OPERATORS else "is not allowed"
        raise CodedBadRequest(f"key {ask.key[:64]} {text}")
    if ask.value not in ("true", "false"):
        raise CodedBadRequest(f"value {ask.value[:64]} is not allowed")
    await kernel.db.write("remote_store.update", queries.put, actor.user_id, ask.key, ask.value, kernel.clock.now())


async def _set_domain(kernel: Kernel, actor: Session, value: str) -> None:
    if value == "":
        await kernel.db.write("remote_store.remove", queries.remove, actor.user_id, DOMAIN)
        return
    if not kernel.config.apps.custom_domain_cname:
        raise CodedBadRequest("custom domains are not offered by this server")
    claim = domain.claim(value, kernel.config.apps.custom_domain_cname)
    proved = await _may_have(kernel, actor, claim)
    await kernel.db.write("remote_store.domain", _take_domain, actor.user_id, value, claim, proved, kernel.clock.now())


async def _may_have(kernel: Kernel, actor: Session, claim: str) -> bool:
    """Whether the domain is proved to be this account's, whoever has had it; False for one that goes to whoever asks first, or that the
    account has already. 400 BAD_REQUEST with what to do for all others."""
    email, has_it = await kernel.db.read(_standing, kernel, actor.user_id, claim)
    if (owner := domain.said_owner(kernel.config, claim)) is not None:
        if owner not in (domain.ANYBODY, email):
            raise CodedBadRequest("this server keeps the domain for somebody else", log="a domain that is allowed to another account")
        return owner == email
    if has_it:
        return False
    if not kernel.config.custom_domains.dns:
        raise CodedBadRequest("ask who runs this server to allow the domain", log="a domain that custom_domains.allowed does not name")
    await kernel.limiter.allow("domain_proofs", f"user {actor.user_id}")
    word = domain.word(kernel.crypto, actor.user_id, claim)
    try:
        found = await dns.texts(domain.RECORD + claim, kernel.config.custom_domains.resolver)
    except dns.LookupFailed as e:
        raise CodedBadRequest("the domain could not be looked up, try again later", log=f"dns: {e}") from None
    if word not in (text.strip() for text in found):
        raise CodedBadRequest(f"show that the domain is yours: add the DNS record {domain.RECORD}{claim} TXT {word} and try again")
    return True


def _standing(tx: Tx, kernel: Kernel, user_id: int, claim: str) -> tuple[str, bool]:
    """(address, whether the account has the domain)."""
    own = queries.value(tx, user_id, DOMAIN)
    return people.email_of(tx, kernel.crypto, user_id), own is not None and to_ascii(own) == claim


def _take_domain(tx: Tx, user_id: int, value: str, claim: str, proved: bool, now: int) -> None:
    sync.lock_account(tx, user_id)
    queries.remove(tx, user_id, DOMAIN)
    if proved:
        queries.free_claim(tx, claim)
    else:
        queries.free_claim_of_the_deleted(tx, claim)
    if not queries.put_claim(tx, user_id, DOMAIN, value, claim, now):
        raise Conflict("custom domain is already in use", code="CONFLICT")


def set_by_operator(tx: Tx, kernel: Kernel, user_id: int, key: str, value: str) -> None:
    """What an administrator may set for somebody: flags, and the custom domain, whose owner nobody has to prove then."""
    now = kernel.clock.now()
    if key == DOMAIN and value == "":
        queries.remove(tx, user_id, DOMAIN)
    elif key == DOMAIN:
        _take_domain(tx, user_id, value, domain.claim(value, kernel.config.apps.custom_domain_cname), False, now)
    elif key not in BY_OPERATORS:
        raise CodedBadRequest(f"key {key[:64]} is not allowed")
    elif value not in ("true", "false"):
        raise CodedBadRequest(f"value {value[:64]} is not allowed")
    else:
        queries.put(tx, user_id, key, value, now)


async def remove(kernel: Kernel, actor: Session, key: str) -> None:
    """Only the custom domain can be removed; an absent one is no error."""
    if key != DOMAIN:
        known = key in SWITCHES or key in OPERATORS
        raise CodedBadRequest(f"key {key[:64]} is not {'removable' if known else 'allowed'}")
    await kernel.db.write("remote_store.remove", queries.remove, actor.user_id, DOMAIN)


async def feature_flags(kernel: Kernel, actor: Session) -> FeatureFlags:
    """The switches of this person and the abilities of this server. The web app shows no photo without them."""
    mine = await kernel.db.read(queries.values, actor.user_id)
    config = kernel.config
    return FeatureFlags(
        map_enabled=mine.get("mapEnabled") == "true",
        face_search_enabled=mine.get("faceSearchEnabled") == "true",
        pass_key_enabled=mine.get("passKeyEnabled") == "true",
        recovery_key_verified=mine.get("recoveryKeyVerified") == "true",
        internal_user=mine.get("internalUser") == "true",
        beta_user=mine.get("betaUser") == "true",
        server_api_flag=FLAG,
        cast_url=config.app_page("cast"),
        embed_url=config.app_page("embed"),
        custom_domain=mine.get(DOMAIN, msgspec.UNSET),
        custom_domain_cname=config.apps.custom_domain_cname or msgspec.UNSET,
    )


class OneDomain(Query):
    domain: Needed[str]
    refusal: ClassVar[type[AppError]] = CodedBadRequest


async def require_claimed(kernel: Kernel, query: OneDomain) -> None:
    """Whether albums are served under a domain, for proxies that fetch certificates on demand; 404 NOT_FOUND when nobody claims it."""
    claim = to_ascii(query.domain)
    if claim is None:
        raise BadRequest(log="no host name")
    if not await kernel.db.read(queries.is_claimed, claim):
        raise NotFound(code="NOT_FOUND")


def serves(tx: Tx, user_id: int, host: str) -> bool:
    """Whether this host name, in whatever spelling, is the person's custom domain."""
    own, asked = queries.value(tx, user_id, DOMAIN), to_ascii(host)
    return own is not None and asked is not None and to_ascii(own) == asked


def forget_person(tx: Tx, user_id: int) -> None:
    """Everything here of an account that is gone for good."""
    queries.forget_person(tx, user_id)
