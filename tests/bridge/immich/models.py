"""Answers of the Immich face, checked against the models that another project generates of Immich's own description (immichpy, version 3.3.5)."""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import Any

import httpx

INSTALLED = importlib.util.find_spec("immichpy") is not None
MODELS = "immichpy.client.generated.models"
UUID = "[0-9a-f-]{36}"
ANSWERS = [
    ("POST", "/api/auth/login", "LoginResponseDto"),
    ("POST", "/api/auth/logout", "LogoutResponseDto"),
    ("POST", "/api/auth/validateToken", "ValidateAccessTokenResponseDto"),
    ("GET", "/api/api-keys/me", "ApiKeyResponseDto"),
    ("GET", "/api/users/me", "UserAdminResponseDto"),
    ("GET", "/api/users/me/preferences", "UserPreferencesResponseDto"),
    ("GET", "/api/server/ping", "ServerPingResponse"),
    ("GET", "/api/server/version", "ServerVersionResponseDto"),
    ("GET", "/api/server/about", "ServerAboutResponseDto"),
    ("GET", "/api/server/features", "ServerFeaturesDto"),
    ("GET", "/api/server/config", "ServerConfigDto"),
    ("GET", "/api/server/media-types", "ServerMediaTypesResponseDto"),
    ("GET", "/api/server/storage", "ServerStorageResponseDto"),
    ("GET", "/api/server/statistics", "ServerStatsResponseDto"),
    ("GET", "/api/server/version-check", "VersionCheckStateResponseDto"),
    ("POST", "/api/assets", "AssetMediaResponseDto"),
    ("POST", "/api/assets/background", "AssetMediaResponseDto"),
    ("POST", "/api/assets/bulk-upload-check", "AssetBulkUploadCheckResponseDto"),
    ("GET", "/api/assets/statistics", "AssetStatsResponseDto"),
    ("GET", f"/api/assets/{UUID}", "AssetResponseDto"),
    ("PUT", f"/api/assets/{UUID}", "AssetResponseDto"),
    ("PUT", "/api/assets/metadata", "[AssetMetadataBulkResponseDto]"),
    ("POST", "/api/search/metadata", "SearchResponseDto"),
    ("POST", "/api/search/random", "[AssetResponseDto]"),
    ("POST", "/api/search/statistics", "SearchStatisticsResponseDto"),
    ("GET", "/api/search/cities", "[AssetResponseDto]"),
    ("GET", "/api/search/explore", "[SearchExploreResponseDto]"),
    ("GET", "/api/timeline/buckets", "[TimeBucketsResponseDto]"),
    ("GET", "/api/timeline/bucket", "TimeBucketAssetResponseDto"),
    ("GET", "/api/albums", "[AlbumResponseDto]"),
    ("POST", "/api/albums", "AlbumResponseDto"),
    ("GET", f"/api/albums/{UUID}", "AlbumResponseDto"),
    ("PUT", f"/api/albums/{UUID}/assets", "[BulkIdResponseDto]"),
    ("GET", "/api/tags", "[TagResponseDto]"),
    ("POST", "/api/tags", "TagResponseDto"),
    ("PUT", "/api/tags", "[TagResponseDto]"),
    ("PUT", f"/api/tags/{UUID}/assets", "[BulkIdResponseDto]"),
    ("PUT", "/api/tags/assets", "TagBulkAssetsResponseDto"),
    ("POST", "/api/stacks", "StackResponseDto"),
    ("GET", f"/api/tags/{UUID}", "TagResponseDto"),
    ("GET", "/api/stacks", "[StackResponseDto]"),
    ("GET", f"/api/stacks/{UUID}", "StackResponseDto"),
    ("PUT", f"/api/stacks/{UUID}", "StackResponseDto"),
    ("GET", "/api/people", "PeopleResponseDto"),
    ("GET", f"/api/people/{UUID}", "PersonResponseDto"),
    ("GET", f"/api/people/{UUID}/statistics", "PersonStatisticsResponseDto"),
    ("GET", "/api/search/person", "[PersonResponseDto]"),
    ("GET", "/api/faces", "[AssetFaceResponseDto]"),
    ("GET", "/api/memories", "[MemoryResponseDto]"),
    ("GET", "/api/memories/statistics", "MemoryStatisticsResponseDto"),
    ("GET", "/api/map/markers", "[MapMarkerResponseDto]"),
    ("GET", "/api/view/folder", "[AssetResponseDto]"),
    ("PATCH", f"/api/albums/{UUID}", "AlbumResponseDto"),
    ("DELETE", f"/api/albums/{UUID}/assets", "[BulkIdResponseDto]"),
    ("POST", "/api/download/info", "DownloadResponseDto"),
    ("POST", "/api/trash/(empty|restore|restore/assets)", "TrashResponseDto"),
    ("GET", "/api/jobs", "QueuesResponseLegacyDto"),
    ("PUT", "/api/jobs/[a-zA-Z]+", "QueueResponseLegacyDto"),
]  # fmt: skip


def model(name: str) -> Any:
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return getattr(importlib.import_module(f"{MODELS}.{module}"), name)


async def check(response: httpx.Response) -> None:
    """Raises pydantic's error for an answer that the model does not take."""
    if not INSTALLED or not response.is_success:
        return
    request = response.request
    for method, path, name in ANSWERS:
        if method == request.method and re.fullmatch(path, request.url.path):
            await response.aread()
            if name.startswith("["):
                for item in response.json():
                    model(name[1:-1]).from_dict(item)
            else:
                model(name).from_dict(response.json())
            return
