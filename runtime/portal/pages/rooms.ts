/** Streams of events, on what every generated client rests on, without a contract's types. */

import { Streams } from "charter-client/stream";
import { ask, secret } from "./access";

/** Asks who one is, where that has to be known. */
export const rooms = new Streams({ credentials: secret, unauthenticated: ({ message }) => ask(message) });
/** Asks nobody: who is not known is refused. */
export const unasked = new Streams({ credentials: secret });
