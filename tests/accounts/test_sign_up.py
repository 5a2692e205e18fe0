"""Sign-up and log-in by e-mail code (accounts.md §5.2, §5.3)."""

from __future__ import annotations

import asyncio
import base64
import logging
from pathlib import Path

import pytest

from app.accounts.service import email_of, find
from app.config import Config, Limits, Otp, Registration, Storage
from tests.accounts.conftest import Meet
from tests.accounts.newcomer import Newcomer, attributes, code_for
from tests.inprocess import AUTH, World, open_world


async def test_it_works(world: World, meet: Meet) -> None:
    anon, dora = world.anon(), meet("dora")
    assert (await anon.post("/users/ott", {"email": dora.email, "purpose": "signup"})).content == b""
    code = await code_for(world, dora.email)
    assert len(code) == 6
    answer = (await anon.post("/users/verify-email", {"email": dora.email, "ott": code, "source": "web:friend"})).json()
    token = answer.pop("token")
    assert len(token) == 44
    assert len(base64.urlsafe_b64decode(token)) == 32
    assert answer.pop("id") >= 1580559962386438
    assert answer == {"passkeySessionID": "", "accountsUrl": "", "twoFactorSessionID": "", "twoFactorSessionIDV2": ""}
    assert (await anon.get("/users/session-validity/v2", token=token)).json() == {"hasSetKeys": False}
