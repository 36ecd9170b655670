// A host on loopback that answers as a test says, and remembers what it was asked.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Answer = (asked: Asked, response: ServerResponse) => void;

export class Host {
  readonly asked: Asked[] = [];
  private readonly server = createServer((request, response) => void this.serve(request, response));

  /** Answers the first request with the first of them, and so on; the last answers all that come after it. */
  constructor(private readonly answers: Answer[]) {}

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const asked = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
    const answer = this.answers[Math.min(this.asked.length, this.answers.length - 1)];
    this.asked.push(asked);
    answer?.(asked, response);
  }
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Takes the request and breaks the connection. */
export const lost: Answer = (_, response) => void response.destroy();

/** Never answers. */
export const silent: Answer = () => undefined;

/** Begins a stream with these messages, and ends it unless it is to stay open. */
export function stream(frames: string[], stays = false): Answer {
  return (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const frame of frames) response.write(frame);
    if (!stays) response.end();
  };
}
