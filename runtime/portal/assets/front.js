"use strict";
(() => {
  // runtime/portal/pages/front.ts
  async function look() {
    const state = document.getElementById("state");
    if (state === null) return;
    const say = (kind, text) => {
      state.className = `state ${kind}`;
      state.textContent = text;
    };
    try {
      const response = await fetch("/health/ready");
      const { status, mode, parts } = await response.json();
      const waiting = parts.find((part) => !part.ready);
      if (status !== "UP") say("bad", waiting === void 0 ? "Not ready" : `Not ready: ${waiting.name}`);
      else if (mode === "development") say("warn", "Ready, in development mode: it asks nobody who they are");
      else say("good", `Ready, all ${parts.length} parts`);
    } catch {
      say("bad", "It does not answer");
    }
  }
  void look();
})();
