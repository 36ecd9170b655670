/** The parts of a page, and how its numbers look. */

/** The element of that id, which the page has. */
export function part<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as unknown as T;
}

/** Whole numbers. */
export const whole = new Intl.NumberFormat("en");
