/** The seat map's page: the list of shows, or one show with its map. */

import { Start } from "./start";
import { Map } from "./map";

let map: Map | null = null;

/** Shows what the address names: `#` and a show, or nothing. */
function follow(): void {
  map?.close();
  map = null;
  const showId = decodeURIComponent(location.hash.slice(1));
  if (showId === "") start.show();
  else {
    start.hide();
    map = new Map(showId);
  }
}

const start = new Start();
addEventListener("hashchange", follow);
follow();
