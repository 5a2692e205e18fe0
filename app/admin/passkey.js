"use strict";
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const form = document.getElementById("passkey");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.getElementById("said");
  if (!navigator.credentials) {
    said.textContent = "This browser uses passkeys at https addresses only.";
    return;
  }
  try {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    options.allowCredentials = options.allowCredentials.map((c) => ({ ...c, id: bytes(c.id) }));
    const got = await navigator.credentials.get({ publicKey: options });
    form.elements.answer.value = JSON.stringify({
      id: got.id,
      rawId: text(got.rawId),
      type: got.type,
      response: {
        authenticatorData: text(got.response.authenticatorData),
        clientDataJSON: text(got.response.clientDataJSON),
        signature: text(got.response.signature),
        userHandle: got.response.userHandle ? text(got.response.userHandle) : null,
      },
    });
    form.submit();
  } catch (error) {
    said.textContent = `No passkey was used: ${error.name}.`;
  }
});
