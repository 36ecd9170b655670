/** Who asks: an API key or a token, kept for this tab only. In development mode nobody is asked. */

/** What a person gave. */
export interface Credentials {
  /** An API key, or a JSON Web Token. */
  secret: string;
  /** Whose it is; seats are held in this name. */
  name: string;
}

const KEPT = "charter.credentials";
/** Sent to the window when other credentials are to be used from now on. */
export const CHANGED = "charter-credentials";

export function credentials(): Credentials | null {
  const kept = sessionStorage.getItem(KEPT);
  return kept === null ? null : (JSON.parse(kept) as Credentials);
}

export function forget(): void {
  sessionStorage.removeItem(KEPT);
  window.dispatchEvent(new Event(CHANGED));
}

/** The secret as what it is. */
export function secret(): { apiKey?: string; token?: string } {
  const known = credentials();
  if (known === null) return {};
  // A token has three parts; an API key has no dots.
  return known.secret.split(".").length === 3 ? { token: known.secret } : { apiKey: known.secret };
}

/** The headers that say who asks. */
export function authorization(): Record<string, string> {
  const { apiKey, token } = secret();
  if (token !== undefined) return { Authorization: `Bearer ${token}` };
  return apiKey === undefined ? {} : { "X-API-Key": apiKey };
}

let asking: Promise<boolean> | null = null;

/** Asks for credentials, once at a time; false where the person would rather not. */
export function ask(reason: string): Promise<boolean> {
  asking ??= open(reason).finally(() => {
    asking = null;
  });
  return asking;
}

function open(reason: string): Promise<boolean> {
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
  const part = <T extends Element>(selector: string): T => {
    const found = dialog.querySelector<T>(selector);
    if (found === null) throw new Error(`the dialog has no ${selector}`);
    return found;
  };
  part("#ask-reason").textContent = reason;
  const secret = part<HTMLInputElement>("[name=secret]");
  const name = part<HTMLInputElement>("[name=name]");
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
