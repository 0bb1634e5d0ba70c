import type { Log } from "../../observe/log.ts";
import type { Detection } from "../detect/detect.ts";

const HOW = "zeroclaw agent detect has the lines that enable it";

/** Says in the log what was found and is not used, each thing once. */
export class Announcer {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  announce({ keys, programs, locked }: Detection): void {
    for (const { title, path } of programs) {
      this.#once(`Found ${title}; not started, because it acts with its owner's accounts. ${HOW}`, { path });
    }
    for (const { name } of keys) {
      this.#once(`Found ${name}; not used, because it costs money and sends what comes in to others. ${HOW}`, {});
    }
    for (const { provider, base_url } of locked) {
      const message = `Something asks for a key where ${provider} usually is; not used. Set agent.base_url, agent.model and agent.api_key if it is to answer`;
      this.#once(message, { base_url });
    }
  }

  #once(message: string, fields: Readonly<Record<string, string>>): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#log.info(message, fields);
  }
}
