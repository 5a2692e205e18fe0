"""A mail as a message: what people read, from short paragraphs. Nothing that a person wrote can become a header or markup."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid

from ..kernel.errors import CodedBadRequest

_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[^\s@<>()\[\]\\,;:\"]+")
_HTML = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>'
    '<body style="font-family:sans-serif;max-width:34em;margin:2em auto;padding:0 1em;line-height:1.5">{body}</body></html>'
)


@dataclass(frozen=True, slots=True)
class Mail:
    """`code` is shown large; `link` as a button in HTML, and in full in both."""

    subject: str
    paragraphs: tuple[str, ...]
    code: str = ""
    link: str = ""
    action: str = "Open"  # what the button says
    sender_name: str = ""  # in the place of the configured one


class Undeliverable(CodedBadRequest):
    """400 BAD_REQUEST: no mail can go to this address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"Invalid email {email}", log="an address that takes no mail")


def checked(email: str) -> str:
    """An address as an envelope takes it: one mailbox, no comments, no quotes, no control characters; else Undeliverable."""
    if not _ADDRESS.fullmatch(email) or not email.isprintable():
        raise Undeliverable(email)
    return email


def compose(mail: Mail, sender: tuple[str, str], to: str) -> EmailMessage:
    """The message; `sender` is (name, address)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(mail.sender_name or sender[0], sender[1])
    message["To"] = _mailbox("", checked(to))
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join((*mail.paragraphs, *filter(None, (mail.code, mail.link)))) + "\n")
    message.add_alternative(_html(mail), subtype="html")
    return message


def _mailbox(name: str, email: str) -> Address:
    user, _, domain = email.rpartition("@")
    return Address(" ".join(name.split()), user, domain)


def _html(mail: Mail) -> str:
    parts = [f"<p>{html.escape(text)}</p>" for text in mail.paragraphs]
    if mail.code:
        parts.append(f'<p style="font-size:2em;letter-spacing:.2em"><b>{html.escape(mail.code)}</b></p>')
    if mail.link:
        link = html.escape(mail.link, quote=True)
        button = "background:#1a7f37;color:#fff;padding:.6em 1.2em;border-radius:.4em;text-decoration:none"
        parts.append(f'<p><a style="{button}" href="{link}">{html.escape(mail.action)}</a></p><p style="color:#666">{link}</p>')
    return _HTML.format(body="".join(parts))
