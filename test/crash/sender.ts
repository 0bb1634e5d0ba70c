import type { Delivery } from "./deliveries.ts";
import type { Sent } from "./verdict.ts";

/** Requests under way at once. */
const CONCURRENCY = 12;
/** Far above what any answer takes; a gateway that is killed cuts the connection. */
const PATIENCE_MS = 30_000;

interface Standing {
  readonly delivery: Delivery;
  acknowledged: boolean;
  readonly event_ids: Set<string>;
}

/** Sends deliveries and keeps what it was told of each. */
export class Sender {
  readonly #sent = new Map<string, Standing>();

  get sent(): ReadonlyMap<string, Sent> {
    return this.#sent;
  }

  get acknowledged(): number {
    return [...this.#sent.values()].filter((one) => one.acknowledged).length;
  }

  /** Those without a 2xx so far. */
  get unacknowledged(): readonly Delivery[] {
    return [...this.#sent.values()].filter((one) => !one.acknowledged).map(({ delivery }) => delivery);
  }

  /** Those with one: a sender whose answer was lost on the way repeats them all the same. */
  get repeatable(): readonly Delivery[] {
    return [...this.#sent.values()].filter((one) => one.acknowledged).map(({ delivery }) => delivery);
  }

  /**
   * Sends all, several at once; `answered` is told of each answer as soon as it has been read. Resolves when none is under way;
   * a gateway that is gone ends it early. @throws Error when a delivery is refused with anything but 409, 429 or 503
   */
  async send(url: string, batch: readonly Delivery[], answered?: (count: number) => void): Promise<void> {
    const queue = [...batch];
    let answers = 0;
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const answer = await this.#post(url, next);
        if (answer === "gone") {
          queue.length = 0;
          return;
        }
        answers += 1;
        answered?.(answers);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  async #post(url: string, delivery: Delivery): Promise<"answered" | "gone"> {
    const record = this.#recordOf(delivery);
    const { path, headers, body } = delivery;
    let status: number;
    let text: string;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(`${url}${path}`, { method: "POST", headers, body, signal });
      status = response.status;
      text = await response.text();
    } catch {
      return "gone";
    }
    if (status < 300) {
      record.acknowledged = true;
      const named = /"event_id":"([^"]+)"/.exec(text)?.[1];
      if (named !== undefined) record.event_ids.add(named);
    } else if (status !== 409 && status !== 429 && status !== 503) {
      throw new Error(`The delivery ${delivery.id} to ${path} was refused with ${status}: ${text}`);
    }
    return "answered";
  }

  #recordOf(delivery: Delivery): Standing {
    const known = this.#sent.get(delivery.id);
    if (known) return known;
    const record: Standing = { delivery, acknowledged: false, event_ids: new Set() };
    this.#sent.set(delivery.id, record);
    return record;
  }
}
