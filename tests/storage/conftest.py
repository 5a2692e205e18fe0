"""The stores under test: every backend, and S3 against moto in this process or a real server named by the environment."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto.s3.exceptions import NoSuchUpload
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

from storage_backends import ObjectStore, S3Store, StoreConfig, open_store

BUCKET = "darkroom-tests"
REAL = os.environ.get("DARKROOM_TEST_S3_URL", "")
KINDS = ["filesystem", "memory", "s3-direct", "s3-proxy", *(["s3-real", "s3-real-proxy"] if REAL else [])]


def _upload_part_as_s3(self: S3Backend, bucket_name: str, multipart_id: str, part_id: int, value: bytes) -> object:
    """moto answers 500 to a part of an upload that does not exist; S3 answers 404 NoSuchUpload."""
    if multipart_id not in self.get_bucket(bucket_name).multiparts:
        raise NoSuchUpload(upload_id=multipart_id)
    return _upload_part(self, bucket_name, multipart_id, part_id, value)


_upload_part = S3Backend.upload_part


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    S3Backend.upload_part = _upload_part_as_s3
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    S3Backend.upload_part = _upload_part


def _bucket(config: StoreConfig) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=config.secret_key,
    )
    client.create_bucket(Bucket=config.bucket)
    client.close()


@pytest.fixture
def moto_config(moto_url: str, tmp_path: Path) -> StoreConfig:
    """A fresh bucket on moto."""
    spool = tmp_path / "spool"
    spool.mkdir()
    bucket = f"{BUCKET}-{secrets.token_hex(6)}"
    config = StoreConfig("s3", "s3", endpoint=moto_url, bucket=bucket, access_key="key", secret_key="secret", tmp=spool)
    _bucket(config)
    return config


@pytest.fixture
async def moto_store(moto_config: StoreConfig) -> AsyncIterator[S3Store]:
    store = S3Store(moto_config)
    yield store
    await store.close()


def _real(proxy: bool, tmp_path: Path) -> StoreConfig:
    config = StoreConfig(
        "s3-real",
        "s3",
        endpoint=REAL,
        bucket=os.environ.get("DARKROOM_TEST_S3_BUCKET", BUCKET),
        access_key=os.environ["DARKROOM_TEST_S3_KEY"],
        secret_key=os.environ["DARKROOM_TEST_S3_SECRET"],
        proxy=proxy,
        tmp=tmp_path,
    )
    return replace(config, region=os.environ.get("DARKROOM_TEST_S3_REGION", "us-east-1"))


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    config = _configs(request, tmp_path)[request.param]()
    made = open_store(config)
    yield made
    await made.close()
    if request.param.startswith("s3-real"):
        await _empty(config)


async def _empty(config: StoreConfig) -> None:
    """A bucket that outlives the test: by another store, because the test may have closed its own."""
    store = S3Store(config)
    for info in [info async for info in store.list()]:
        await store.delete(info.key)
    await store.sweep(1 << 62)
    await store.close()


def _configs(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Callable[[], StoreConfig]]:
    return {
        "filesystem": lambda: StoreConfig("fs", "filesystem", path=tmp_path / "data"),
        "memory": lambda: StoreConfig("memory", "memory"),
        "s3-direct": lambda: request.getfixturevalue("moto_config"),
        "s3-proxy": lambda: replace(request.getfixturevalue("moto_config"), proxy=True),
        "s3-real": lambda: _real(False, tmp_path),
        "s3-real-proxy": lambda: _real(True, tmp_path),
    }
