"""Short addresses of what visitors of an album's link do, with the link's token in the path: `/public/collections/{token}…`.

The same guards and the same answers as `/public-collection/*`; proofs of a password come in the header or query as there. Making a link by
`POST /public/collections` is the owner's and is in `collections`.
"""

from __future__ import annotations

from ..http.answer import Redirect
from ..http.request import BaseUrl
from ..http.routing import get, post
from ..kernel.errors import BadRequest, Forbidden, NotFound, PaymentRequired, StorageFull, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import strict_int
from . import guests, visiting
from .answers import info
from .guards import Visitor, at_the_door, visitor
from .guests import CollectingOff, guest


async def preview(kernel: Kernel, actor: Visitor, base_url: BaseUrl, file_id: str) -> Redirect:
    number = strict_int(file_id)
    if number is None:
        raise BadRequest(log="no file id")
    return Redirect(await visiting.find(kernel, actor, base_url, number, True))


ROUTES = [
    get("/public/collections/{token}", at_the_door, info, errors=(Forbidden,)),
    get("/public/collections/{token}/preview/{file_id}", visitor, preview, errors=(Forbidden, NotFound)),
    post(
        "/public/collections/{token}/commit",
        guest,
        guests.commit,
        errors=(CollectingOff, PaymentRequired, StorageFull, Forbidden, Unavailable),
    ),
]
