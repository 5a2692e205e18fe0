"""Options that bound how often something may be asked for. Read through `app.kernel.config`."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from .config_section import Section


class Limit(Section):
    count: int = Field(ge=0, description="Requests allowed per window; 0 switches the limit off.")
    seconds: int = Field(ge=1, description="Length of the window.")


def _limit(count: int, seconds: int) -> Limit:
    return Limit(count=count, seconds=seconds)


class Limits(Section):
    """accounts.md §6: budgets per account or client address, never one for all, so that nobody can lock out the others."""

    @field_validator("*", mode="before")
    @classmethod
    def _rest_by_default(cls, value: object, info: ValidationInfo) -> object:
        """A limit of which only one half is given keeps the other."""
        default = cls.model_fields[info.field_name or ""].default
        return {**default.model_dump(), **value} if isinstance(value, dict) and isinstance(default, Limit) else value

    sensitive: Limit = Field(
        _limit(10, 60), description="Each sign-in route (codes, SRP, second factors), per account or address. Survives a restart."
    )
    codes_per_address: Limit = Field(_limit(30, 600), description="E-mail codes asked for from one address. Survives a restart.")
    probes: Limit = Field(_limit(100, 3600), description="Answers per client address that tell whether an account exists. Survives a restart.")
    link_password: Limit = Field(_limit(10, 60), description="Password tries on a public link, per address. Survives a restart.")
    link_password_total: Limit = Field(
        _limit(1000, 86_400), description="Wrong passwords at one public link, from all addresses together. Survives a restart."
    )
    guesses: Limit = Field(_limit(50, 3600), description="Wrong passwords and codes at one account, from one network. Survives a restart.")
    guesses_total: Limit = Field(_limit(300, 86_400), description="Wrong codes at one account, from all networks together. Survives a restart.")
    public_key: Limit = Field(_limit(200, 60), description="Requests for other people's public keys, per account.")
    lookups: Limit = Field(
        _limit(50, 86_400), description="Different addresses that one account may look up, to share or invite. Survives a restart."
    )
    unknown_lookups: Limit = Field(_limit(10, 86_400), description="Of these, addresses that have no account. Survives a restart.")
    bulk_sharing: Limit = Field(_limit(60, 60), description="Shares of many albums or with many people at once, per route and account.")
    upload_urls: Limit = Field(_limit(3000, 10), description="Upload URL requests per route and account.")
    custom_domain: Limit = Field(_limit(500, 60), description="Questions whether a custom domain is claimed, per address.")
    domain_proofs: Limit = Field(_limit(20, 600), description="Look-ups in the DNS whether a custom domain is its account's, per account.")
    preview: Limit = Field(_limit(700, 1), description="Thumbnail requests per account.")
    guest_uploads: Limit = Field(_limit(250, 60), description="Uploads of guests, per link and route.")
    public_words: Limit = Field(_limit(200, 60), description="Comments and reactions of visitors of a link, per address and route.")
    cast_codes: Limit = Field(_limit(120, 60), description="Looking at a TV's code, per address or account and route.")
    paste: Limit = Field(_limit(200, 60), description="Openings of one-time pastes, per address.")
    health: Limit = Field(_limit(300, 60), description="Health questions that reach the database or the stores, per address.")
    address: Limit = Field(_limit(1000, 1), description="Every request, per client address.")
