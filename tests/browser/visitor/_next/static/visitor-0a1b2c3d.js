// The visitor of an album's link, as Ente's albums app plays one, in the tests' own words. What is "encrypted" here is a one-time pad with
// the key behind the #: enough to see that the key gets to the page, and what the server was given is what the page gets.
"use strict";
const API = "ENTE_API_ORIGIN_PLACEHOLDER";
const token = new URLSearchParams(location.search).get("t") ?? location.pathname.slice(1);
const key = Uint8Array.from(location.hash.slice(1).match(/../g) ?? ["00"], (pair) => parseInt(pair, 16));
const visitor = { token, files: [] };
window.visitor = visitor;

const pad = (bytes) => bytes.map((byte, i) => byte ^ key[i % key.length]);
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const opened = (text) => new TextDecoder().decode(pad(fromBase64(text)));
const say = (text) => { document.getElementById("state").textContent = text; };

function credentials() {
    const sent = { "X-Auth-Access-Token": token, "X-Client-Package": "io.ente.albums.web" };
    if (visitor.proof) sent["X-Auth-Access-Token-JWT"] = visitor.proof;
    if (visitor.device) sent["X-Auth-Link-Device-Token"] = visitor.device;
    return sent;
}

class Refused extends Error {
    constructor(status, body) {
        super(`${status} ${body}`);
        this.status = status;
    }
}

async function ask(method, path, body) {
    const answer = await fetch(API + path, { method, headers: credentials(), body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Refused(answer.status, await answer.text());
    visitor.device = answer.headers.get("X-Link-Device-Token") ?? visitor.device;
    visitor.olderDevice = answer.headers.get("X-Ente-Link-Device-Token") ?? visitor.olderDevice;
    return answer.json();
}

visitor.start = async () => {
    visitor.album = (await ask("GET", "/public-collection/info")).collection;
    document.title = opened(visitor.album.encryptedName);
    if (visitor.album.publicURLs[0].passwordEnabled && !visitor.proof) {
        document.forms[0].hidden = false;
        say("password");
    } else await visitor.show();
};

visitor.unlock = async (password) => {
    try {
        visitor.proof = (await ask("POST", "/public-collection/verify-password", { passHash: btoa(password) })).jwtToken;
    } catch (e) {
        return say(e.status == 401 ? "wrong password" : `failed: ${e.message}`);
    }
    document.forms[0].hidden = true;
    await visitor.show();
};

visitor.show = async () => {
    const found = new Map();
    for (let since = 0, more = true; more; ) {
        const page = await ask("GET", `/public-collection/diff?sinceTime=${since}`);
        for (const file of page.diff) {
            since = Math.max(since, file.updationTime);
            file.isDeleted ? found.delete(file.id) : found.set(file.id, file);
        }
        more = page.hasMore;
    }
    visitor.files = [...found.values()];
    const shown = await Promise.all(visitor.files.map(async (file) => {
        const { url } = await ask("GET", `/public-collection/files/thumbnail/v3/${file.id}`);
        const bytes = pad(new Uint8Array(await (await fetch(url)).arrayBuffer()));
        const image = new Image();
        image.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
        await image.decode();
        image.alt = opened(file.metadata.encryptedData);
        const item = document.createElement("li");
        item.append(image);
        return item;
    }));
    document.querySelector("ul").replaceChildren(...shown);
    say("album");
};

// Older apps: the tokens in the query, so that no header goes on to the store with the redirect.
visitor.redirected = async (id, range) => {
    const query = new URLSearchParams({ accessToken: token, ...(visitor.proof && { accessTokenJWT: visitor.proof }) });
    const answer = await fetch(`${API}/public-collection/files/download/${id}?${query}`, range && { headers: { Range: range } });
    const names = ["Content-Range", "Content-Length", "Accept-Ranges", "ETag", "X-Request-Id"];
    const said = Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, redirected: answer.redirected, url: answer.url, said, bytes: toBase64(answer.ok ? pad(bytes) : bytes) };
};

// The middle of a film: a URL in JSON, then a part of it.
visitor.part = async (id, from, to) => {
    const { url } = await ask("GET", `/public-collection/files/download/v3/${id}`);
    const answer = await fetch(url, { headers: { Range: `bytes=${from}-${to}` } });
    return { status: answer.status, range: answer.headers.get("Content-Range"), length: (await answer.arrayBuffer()).byteLength, url };
};

function put(url, bytes, headers) {
    return new Promise((done, failed) => {
        const request = new XMLHttpRequest();
        let seen = 0;
        request.upload.onprogress = (event) => { seen = event.loaded; };
        request.onload = () => request.status < 300 ? done({ etag: request.getResponseHeader("ETag"), seen }) : failed(new Refused(request.status, request.responseText));
        request.onerror = () => failed(new Error("the browser did not let it through"));
        request.open("PUT", url);
        for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
        request.send(bytes);
    });
}

visitor.putOne = async (content, md5) => {
    const bytes = pad(fromBase64(content));
    const target = await ask("POST", "/public-collection/upload-url", { contentLength: bytes.length, contentMD5: md5 });
    const { etag, seen } = await put(target.url, bytes, { "Content-MD5": md5 });
    if (!etag || seen != bytes.length) throw new Error(`etag ${etag}, ${seen} of ${bytes.length} bytes told`);
    return { objectKey: target.objectKey, decryptionHeader: "aGVhZGVy", size: bytes.length, url: target.url };
};

visitor.putParts = async (size, partLength, md5s) => {
    const target = await ask("POST", "/public-collection/multipart-upload-url", { contentLength: size, partLength, partMd5s: md5s });
    const parts = [];
    for (const [i, url] of target.partURLs.entries()) {
        const { etag } = await put(url, new Uint8Array(Math.min(partLength, size - i * partLength)), { "Content-MD5": md5s[i] });
        parts.push(`<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    }
    const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const answer = await fetch(target.completeURL, { method: "POST", headers: { "Content-Type": "text/xml" }, body });
    if (!answer.ok) throw new Refused(answer.status, await answer.text());
    return { objectKey: target.objectKey, decryptionHeader: "aGVhZGVy", size };
};

visitor.commit = (file, thumbnail, title) => ask("POST", "/public-collection/file", {
    collectionID: visitor.album.id, encryptedKey: "a2V5", keyDecryptionNonce: "bm9uY2U=", file, thumbnail,
    metadata: { encryptedData: toBase64(pad(new TextEncoder().encode(title))), decryptionHeader: "aGVhZGVy" },
});

document.forms[0].onsubmit = (event) => {
    event.preventDefault();
    visitor.unlock(document.forms[0].password.value);
};
visitor.start().catch((e) => say(`failed: ${e.message}`));
