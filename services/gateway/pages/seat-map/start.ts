/** The beginning: which shows there are, and a form that opens one to try. */

import { CHANGED } from "charter-portal/access";
import * as api from "./api";
import { made, number, part } from "./page";
import { refusalInWords } from "./words";

export class Start {
  private readonly section = part("start");
  private readonly list = part("shows");
  private readonly form = part<HTMLFormElement>("open");
  private readonly notice = part("start-notice");

  constructor() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.open();
    });
    addEventListener(CHANGED, () => {
      if (!this.section.hidden) void this.load();
    });
  }

  show(): void {
    this.section.hidden = false;
    document.title = "Seat map · Charter";
    void this.load();
  }

  hide(): void {
    this.section.hidden = true;
  }

  private async load(): Promise<void> {
    try {
      const shows = await api.shows();
      const cards = shows.map(({ showId, title, seats, sections }) => {
        const card = made("a", "", "show");
        card.href = `#${encodeURIComponent(showId)}`;
        const inside = `${number.format(seats)} seats in ${number.format(sections.length)} ${sections.length === 1 ? "section" : "sections"}`;
        card.append(made("strong", title), made("span", inside), made("code", showId));
        return card;
      });
      const none = made("p", "No show is open yet.", "none");
      this.list.replaceChildren(...(cards.length === 0 ? [none] : cards));
    } catch (problem) {
      this.list.replaceChildren(made("p", refusalInWords(problem, null), "none"));
    }
  }

  private async open(): Promise<void> {
    const given = new FormData(this.form);
    const button = this.form.querySelector("button");
    if (button !== null) button.disabled = true;
    this.notice.textContent = "";
    try {
      const title = String(given.get("title"));
      const showId = await api.openShow(title, Number(given.get("seats")), Number(given.get("holdSeconds")));
      location.hash = encodeURIComponent(showId);
    } catch (problem) {
      this.notice.textContent = refusalInWords(problem, null);
    } finally {
      if (button !== null) button.disabled = false;
    }
  }
}
