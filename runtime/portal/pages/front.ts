/** The front page: how the host is. */

interface Readiness {
  status: "UP" | "DOWN";
  mode?: string;
  parts: { name: string; ready: boolean; reason?: string }[];
}

async function look(): Promise<void> {
  const state = document.getElementById("state");
  if (state === null) return;
  const say = (kind: string, text: string): void => {
    state.className = `state ${kind}`;
    state.textContent = text;
  };
  try {
    const response = await fetch("/health/ready");
    const { status, mode, parts } = (await response.json()) as Readiness;
    const waiting = parts.find((part) => !part.ready);
    if (status !== "UP") say("bad", waiting === undefined ? "Not ready" : `Not ready: ${waiting.name}`);
    else if (mode === "development") say("warn", "Ready, in development mode: it asks nobody who they are");
    else say("good", `Ready, all ${parts.length} parts`);
  } catch {
    say("bad", "It does not answer");
  }
}

void look();
