"""Options of domains that accounts bring along. Read through `app.kernel.config`."""

from __future__ import annotations

import ipaddress

from pydantic import Field, field_validator

from .config_section import Section
from .host_names import to_ascii


class CustomDomains(Section):
    """Who may show albums under a domain of their own: whoever the operator says, or whoever the domain's DNS says."""

    allowed: dict[str, str] = Field(
        default_factory=dict,
        description='Domain to the e-mail address of the account that may have it, e.g. {"photos.example.net" = "alice@example.org"}. '
        '"*.example.org" stands for every name below example.org; "*" instead of an address for whoever asks first.',
    )
    dns: bool = Field(
        False,
        description="Accounts may have any domain whose DNS has the TXT record that the refusal in the app names: `_darkroom.` and the domain.",
    )
    resolver: str = Field(
        "", description="Address of the DNS server that is asked, by TCP; empty: the first of /etc/resolv.conf.", examples=["9.9.9.9"]
    )

    @field_validator("allowed")
    @classmethod
    def _spelled(cls, v: dict[str, str]) -> dict[str, str]:
        spelled = {}
        for text, owner in v.items():
            star = "*." if text.startswith("*.") else ""
            name = to_ascii(text.removeprefix(star))
            if name is None:
                raise ValueError(f"{text} is no domain")
            if owner != "*" and "@" not in owner:
                raise ValueError(f'{text}: should be the address of an account, or "*"')
            spelled[star + name] = owner
        return spelled

    @field_validator("resolver")
    @classmethod
    def _an_address(cls, v: str) -> str:
        if v:
            host, _, port = v.rpartition(":")
            if not (_is_ip(v) or (_is_ip(host.strip("[]")) and port.isdecimal())):
                raise ValueError("should be an IP address, with :port where it is not 53")
        return v

    @property
    def any(self) -> bool:
        return bool(self.allowed) or self.dns


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
