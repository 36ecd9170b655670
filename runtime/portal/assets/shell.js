"use strict";
(() => {
  // runtime/portal/pages/access.ts
  var KEPT = "charter.credentials";
  var CHANGED = "charter-credentials";
  function credentials() {
    const kept = sessionStorage.getItem(KEPT);
    return kept === null ? null : JSON.parse(kept);
  }
  function forget() {
    sessionStorage.removeItem(KEPT);
    window.dispatchEvent(new Event(CHANGED));
  }
  var asking = null;
  function ask(reason) {
    asking ??= open(reason).finally(() => {
      asking = null;
    });
    return asking;
  }
  function open(reason) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "ask-title");
    dialog.innerHTML = `<form method="dialog">
    <h2 id="ask-title">Who are you?</h2>
    <p id="ask-reason"></p>
    <label>API key or token <input name="secret" type="password" autocomplete="off" required></label>
    <label>The name it was given to <input name="name" autocomplete="off" required pattern="[A-Za-z0-9_\\-]{1,64}"></label>
    <p>Kept in this tab until it is closed, and sent to this host only.</p>
    <div class="row"><button type="button" class="quiet">Not now</button><button value="given">Continue</button></div>
  </form>`;
    const part = (selector) => {
      const found = dialog.querySelector(selector);
      if (found === null) throw new Error(`the dialog has no ${selector}`);
      return found;
    };
    part("#ask-reason").textContent = reason;
    const secret = part("[name=secret]");
    const name = part("[name=name]");
    name.value = credentials()?.name ?? "";
    part("button.quiet").addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const given = dialog.returnValue === "given";
        if (given) {
          sessionStorage.setItem(KEPT, JSON.stringify({ secret: secret.value.trim(), name: name.value.trim() }));
          window.dispatchEvent(new Event(CHANGED));
        }
        dialog.remove();
        resolve(given);
      });
    });
  }

  // runtime/portal/pages/shell.ts
  async function begin() {
    const button = document.getElementById("credentials");
    if (!(button instanceof HTMLButtonElement)) return;
    const show = () => {
      const known = credentials();
      button.textContent = known === null ? "Sign in" : `Sign out ${known.name}`;
    };
    button.addEventListener("click", () => {
      if (credentials() === null) void ask("What you do next is done in your name.");
      else forget();
    });
    window.addEventListener(CHANGED, show);
    show();
    const response = await fetch("/health/ready");
    const { mode } = await response.json();
    button.hidden = mode === "development";
  }
  void begin().catch(() => void 0);
})();
