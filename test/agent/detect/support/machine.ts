import type { DetectParts } from "../../../../src/agent/detect/detect.ts";
import { systemClock } from "../../../../src/lib/clock.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** A server on loopback that is one of our places; stopped with `using`. */
export class FakeServer implements Disposable {
  readonly requests: Request[] = [];
  readonly #server;
  readonly port: number;

  constructor(answer: Answer) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      development: false,
      fetch: (request) => {
        this.requests.push(request);
        return answer(request);
      },
    });
    this.port = this.#server.port ?? 0;
  }

  get base_url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  place(name = "vllm"): { readonly name: string; readonly base_url: string } {
    return { name, base_url: this.base_url };
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** `GET /v1/models` of OpenAI's API. */
export function models(...ids: readonly string[]): object {
  return { object: "list", data: ids.map((id) => ({ id, object: "model", created: 0, owned_by: "me" })) };
}

/** Answers these paths with JSON, everything else with 404. */
export function pages(answers: Readonly<Record<string, unknown>>): Answer {
  return (request) => {
    const { pathname } = new URL(request.url);
    return pathname in answers ? Response.json(answers[pathname]) : new Response("no", { status: 404 });
  };
}

/** A machine with nothing on it. */
export function bareMachine(parts: Partial<DetectParts> = {}): DetectParts {
  return {
    fetch,
    clock: systemClock,
    env: {},
    ownPort: 0,
    servers: [],
    which: () => null,
    realPath: (path) => path,
    self: ["/opt/ours/zeroclaw"],
    ...parts,
  };
}
