"""The bridge's HTTP server: one small Litestar application over one `Library`, and the faces that it shows to tools.

How to add a face, or operations to one. A face is a package of `bridge` (`immich`, `connector`, `imalink`) whose `__init__.py` has `FACE =
Face(prefix, problem)`: below which path it is, and how it says that something went wrong. Its operations are ordinary Litestar handlers with full
paths in any module of the package, each with the permission that it needs, listed in that module's `HANDLERS`; `serving.app` finds every such list
by itself, so modules of different people do not touch each other:

    @get("/api/people", permission="person.read", sync_to_thread=False)
    def people(library: NamedDependency[Library], size: FromQuery[int] = 500) -> People: ...

    HANDLERS = [people]

`permission=` is one of `api_keys.PERMISSIONS`, or `ANYONE` (no key), or `ANY_KEY`; a handler without one does not start. The guard has run before
the body is read. Parameters carry Litestar's markers (`litestar.di.NamedDependency`, `litestar.params.FromPath`, `FromQuery`, `JSONBody`: without
one it warns, and tests fail on warnings). By dependency injection, under these names: `library: Library`, `bridge: Bridge` (folder, keys, keeper,
options and the library), `key: ApiKey` (whose request it is); a module with parts of its own adds `DEPENDENCIES = {"name": Provide(…)}`. Errors:
raise `Problem(status, message)`; what `bridge.client` raises (server away, read-only link, storage full…) becomes one as well; the face writes it
in its own form. Answers: msgspec structs, dicts, or a Litestar `Response`/`Stream`. A body that is no JSON: `request.stream()` with
`request_max_body_size=None`. Tests: `tests/bridge/conftest.py` has `tool`, a client over ASGI with a key, in front of a library on a server.
"""
