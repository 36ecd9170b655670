/** Any room by its name, as it happens: on what every generated client rests on, without a contract's types. */

import { type JoinOptions, type Message, Streams } from "charter-client/stream";
import { ask, secret } from "./access";

class Rooms extends Streams {
  follow(room: string, options: JoinOptions): AsyncGenerator<Message, void, undefined> {
    return this.join(room, options);
  }
}

export const rooms = new Rooms({ credentials: secret, unauthenticated: ({ message }) => ask(message) });
