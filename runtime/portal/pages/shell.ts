/** On every page: a button to sign in and out, where the host asks who one is. */

import { ask, CHANGED, credentials, forget } from "./access";

async function begin(): Promise<void> {
  const button = document.getElementById("credentials");
  if (!(button instanceof HTMLButtonElement)) return;
  const show = (): void => {
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
  const { mode } = (await response.json()) as { mode?: string };
  button.hidden = mode === "development";
}

void begin().catch(() => undefined);
