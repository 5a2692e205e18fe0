"""The signer against AWS's published example and against botocore's presigner, which must make the very same signatures."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_backends.sigv4 import Signer, bound_headers

ADDRESSES = ["http://127.0.0.1:3200", "http://[::1]:9000/"]
ENDPOINTS = ["https://s3.example.org", "https://nas.local:443/s3", "https://EXAMPLE.org:8443", *ADDRESSES]
TEXT = st.text("0123456789abcdefghijABC._-", min_size=1, max_size=30)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))]))  # noqa: DTZ001 - hypothesis wants naive bounds


def freeze(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: moment.astimezone(UTC))


def test_the_published_example() -> None:
    """AWS, "Authenticating Requests: Using Query Parameters"."""
    signer = Signer(
        endpoint="https://s3.amazonaws.com",
        bucket="examplebucket",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        path_style=False,
    )
    url = signer.url("GET", "test.txt", now=datetime(2013, 5, 24, tzinfo=UTC), expires=86400)
    assert url == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@settings(derandomize=True, deadline=None)
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    path_style=st.booleans(),
    method=st.sampled_from(["GET", "PUT", "POST"]),
    key=st.lists(TEXT, min_size=1, max_size=4).map("/".join),
    query=st.dictionaries(st.sampled_from(["partNumber", "uploadId", "response-content-disposition"]), st.text(max_size=20)),
    bound=st.none() | st.tuples(st.integers(0, 10 << 30), st.binary(min_size=16, max_size=16)),
    now=MOMENTS,
    expires=st.integers(1, 604800),
    secret=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40),
)
def test_signatures_equal_botocores(
    endpoint: str,
    path_style: bool,
    method: str,
    key: str,
    query: dict[str, str],
    bound: tuple[int, bytes] | None,
    now: datetime,
    expires: int,
    secret: str,
) -> None:
    path_style = path_style or endpoint in ADDRESSES
    signer = Signer(endpoint=endpoint, bucket="photos", region="eu-central-2", access_key="AK/IA", secret_key=secret, path_style=path_style)
    headers = bound_headers(*bound) if bound else {}
    url = signer.url(method, key, now=now, expires=expires, query=query, headers=headers)
    with pytest.MonkeyPatch.context() as monkeypatch:
        freeze(monkeypatch, now)
        request = AWSRequest(method=method, url=url.split("?")[0], params=query, headers=headers)
        S3SigV4QueryAuth(Credentials("AK/IA", secret), "s3", "eu-central-2", expires=expires).add_auth(request)
    theirs = urlsplit(request.prepare().url)
    ours = urlsplit(url)
    assert (ours.scheme, ours.netloc, ours.path) == (theirs.scheme, theirs.netloc, theirs.path)
    assert parse_qs(ours.query, keep_blank_values=True) == parse_qs(theirs.query, keep_blank_values=True)


def test_equal_to_the_whole_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through botocore's client, so that the shape of the requests (not only the arithmetic) is the same."""
    now = datetime(2026, 7, 1, 23, 59, 59, tzinfo=UTC)
    freeze(monkeypatch, now)
    options = {"endpoint_url": "http://127.0.0.1:3200", "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "alice", "aws_secret_access_key": "secret"}
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
    client = get_session().create_client("s3", config=config, **options, **keys)
    signer = Signer(endpoint="http://127.0.0.1:3200", bucket="b", region="us-east-1", access_key="alice", secret_key="secret")
    md5 = bytes(range(16))
    bound = {"ContentLength": 123, "ContentMD5": base64.b64encode(md5).decode()}
    where = {"Bucket": "b", "Key": "7/x"}
    part = {"UploadId": "u+/=", "PartNumber": 3}
    attachment = {"ResponseContentDisposition": "attachment", "ResponseContentType": "application/octet-stream"}
    answers = {"response-content-disposition": "attachment", "response-content-type": "application/octet-stream"}
    upload = {"uploadId": "u+/=", "partNumber": "3"}
    cases = [
        ("put_object", where, "PUT", {}, {}),
        ("put_object", where | bound, "PUT", {}, bound_headers(123, md5)),
        ("upload_part", where | part | bound, "PUT", upload, bound_headers(123, md5)),
        ("upload_part", where | part, "PUT", upload, {}),
        ("complete_multipart_upload", where | {"UploadId": "u+/="}, "POST", {"uploadId": "u+/="}, {}),
        ("get_object", where | attachment, "GET", answers, {}),
    ]
    for operation, params, method, query, headers in cases:
        theirs = client.generate_presigned_url(operation, Params=params, ExpiresIn=604800)
        ours = signer.url(method, "7/x", now=now, expires=604800, query=query, headers=headers)
        assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query), operation
        assert ours.split("?")[0] == theirs.split("?")[0]
    client.close()


def test_signed_headers_are_the_protocols() -> None:
    """files.md §2.1."""
    signer = Signer(endpoint="http://127.0.0.1", bucket="b", region="us-east-1", access_key="a", secret_key="s")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    bound = signer.url("PUT", "k", now=now, expires=1, headers=bound_headers(1, bytes(16)))
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-md5%3Bhost" in bound
    assert bound_headers(1, None) == {"content-length": "1"}  # the MD5 comes with the body
    for md5 in (None, bytes(16)):
        assert bound_headers(None, md5) == {}
    assert "X-Amz-SignedHeaders=host&" in signer.url("PUT", "k", now=now, expires=1)


def test_the_key_of_the_day_changes_with_the_day() -> None:
    def fresh() -> Signer:
        return Signer(endpoint="http://127.0.0.1", bucket="b", region="us-east-1", access_key="a", secret_key="s")

    kept = fresh()
    for day in (1, 1, 2, 1):
        now = datetime(2026, 1, day, 12, tzinfo=UTC)
        assert kept.url("GET", "k", now=now, expires=60) == fresh().url("GET", "k", now=now, expires=60)


@pytest.mark.parametrize("endpoint", ["", "example.org", "ftp://example.org", "http://", "http://example.org/?x=1", "http://example.org/#x"])
def test_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not an S3 endpoint"):
        Signer(endpoint=endpoint, bucket="b", region="us-east-1", access_key="a", secret_key="s")


@pytest.mark.parametrize("endpoint", ADDRESSES)
def test_an_address_cannot_carry_a_bucket_name(endpoint: str) -> None:
    with pytest.raises(ValueError, match="path style"):
        Signer(endpoint=endpoint, bucket="b", region="us-east-1", access_key="a", secret_key="s", path_style=False)
