"""S3 for tests: moto in this process, and the real server that `DARKROOM_TEST_S3_URL` names (bench/README.md).

A test gets a bucket of its own on moto. The real server's bucket is one for all, and emptied after each.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.s3.exceptions import NoSuchUpload
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

from storage_backends import S3Store, StoreConfig

BUCKET = "darkroom-tests"
REAL = os.environ.get("DARKROOM_TEST_S3_URL", "")


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


def on_moto(url: str, spool: Path) -> StoreConfig:
    """A fresh bucket."""
    bucket = f"{BUCKET}-{secrets.token_hex(6)}"
    config = StoreConfig("s3", "s3", endpoint=url, bucket=bucket, access_key="key", secret_key="secret", tmp=spool)
    client = boto3.client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=config.secret_key,
    )
    client.create_bucket(Bucket=config.bucket)
    client.close()
    return config


def on_real(spool: Path) -> StoreConfig:
    """The bucket that the environment names."""
    return StoreConfig(
        "s3-real",
        "s3",
        endpoint=REAL,
        bucket=os.environ.get("DARKROOM_TEST_S3_BUCKET", BUCKET),
        region=os.environ.get("DARKROOM_TEST_S3_REGION", "us-east-1"),
        access_key=os.environ["DARKROOM_TEST_S3_KEY"],
        secret_key=os.environ["DARKROOM_TEST_S3_SECRET"],
        tmp=spool,
    )


async def empty(config: StoreConfig) -> None:
    """Take everything out of a bucket, by a store of its own: the test may have closed the other."""
    store = S3Store(config)
    for info in [info async for info in store.list()]:
        await store.delete(info.key)
    await store.sweep(1 << 62)
    await store.close()
