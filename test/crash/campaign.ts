import { FakeProcess } from "../fakes/fake-process.ts";
import { below, pick, seeded } from "../fakes/seeded.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { configFor, type Delivery, deliveryMaker, KINDS, type Kind } from "./deliveries.ts";
import { gather, settle } from "./evidence.ts";
import { Sender } from "./sender.ts";
import { judge, type Verdict } from "./verdict.ts";

/**
 * When the process is killed. `start`: before it has said that it started. `load`: at any instant while deliveries come in.
 * `answer`: as soon as an answer has been read. `work`: after the last answer, while runs and replies are under way. `drain`:
 * after SIGTERM.
 */
const MOMENTS = ["start", "load", "load", "answer", "work", "drain"] as const;
type Moment = (typeof MOMENTS)[number];

export interface CampaignOptions {
  readonly command: readonly string[];
  readonly seed: number;
  readonly rounds: number;
  /** New deliveries in a round. */
  readonly perRound: number;
  readonly kinds?: readonly Kind[];
  /** Calls that hang take as long as a sender's patience: for long runs. */
  readonly hangs?: boolean;
  /** How long all work may take to come to its end afterwards. */
  readonly settleMs: number;
  readonly say?: (line: string) => void;
}

export interface Outcome extends Verdict {
  readonly kills: Readonly<Record<Moment, number>>;
  /** What the last, ordinary stop ended with. */
  readonly exitCode: number;
  readonly stderr: string;
}

/** Kills a gateway again and again under load, lets it come to rest, and holds what is there against what was promised. */
export async function campaign(options: CampaignOptions): Promise<Outcome> {
  const { seed } = options;
  const rates = { error: 0.02, throttle: 0.02, "cut-before": 0.02, "cut-after": 0.02, hang: options.hangs ? 0.005 : 0 };
  await using graph = await FakeProcess.start("graph", { seed, rates, latencyMs: 20, hangMs: 60_000 });
  await using github = await FakeProcess.start("github", { seed: seed + 1, rates, latencyMs: 20, hangMs: 60_000 });
  const config = configFor({ graph: graph.url, github: github.url });
  await using first = await GatewayProcess.start(options.command, { config });
  const token = await first.pair();
  await first.kill();
  const attack = new Attack(options, first.dir, token);
  for (let round = 1; round <= options.rounds; round += 1) {
    await attack.round();
    if (round % 25 === 0) options.say?.(`${round} rounds, ${attack.sender.acknowledged} acknowledged`);
  }
  await using last = await GatewayProcess.start(options.command, { dir: first.dir });
  await attack.repeatUnacknowledged(last);
  const owner = last.client(token);
  await settle(owner, options.settleMs);
  const stored = await gather(owner, first.dir);
  const exitCode = await last.stop();
  const [comments, messages] = [times((await github.counts()).sent), times((await graph.counts()).sent)];
  const verdict = judge({ sent: attack.sender.sent, found: stored, comments, messages });
  return { ...verdict, kills: attack.kills, exitCode, stderr: last.stderr };
}

function times(sent: Readonly<Record<string, number | readonly string[]>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(sent).map(([item, done]) => [item, typeof done === "number" ? done : done.length]),
  );
}

class Attack {
  readonly sender = new Sender();
  readonly kills: Record<Moment, number> = { start: 0, load: 0, answer: 0, work: 0, drain: 0 };
  readonly #options: CampaignOptions;
  readonly #dir: string;
  readonly #random: () => number;
  readonly #next: () => Delivery;
  /** Milliseconds that a start and a round's load take here, as measured: instants are drawn from within them. */
  #startMs = 100;
  #loadMs = 100;

  constructor(options: CampaignOptions, dir: string, token: string) {
    this.#options = options;
    this.#dir = dir;
    this.#random = seeded(options.seed);
    this.#next = deliveryMaker(this.#random, token, options.kinds ?? KINDS);
  }

  async round(): Promise<void> {
    const moment = pick(this.#random, MOMENTS);
    this.kills[moment] += 1;
    const began = performance.now();
    const gateway = await GatewayProcess.launch(this.#options.command, { dir: this.#dir });
    try {
      if (moment === "start") {
        await Bun.sleep(this.#random() * this.#startMs);
        return;
      }
      await gateway.until(() => gateway.printedAll());
      this.#startMs = performance.now() - began;
      await this.#load(gateway, moment);
    } finally {
      await gateway.kill();
    }
  }

  /** Whoever got no answer sends again, as providers do. */
  async repeatUnacknowledged(gateway: GatewayProcess): Promise<void> {
    const open = this.sender.unacknowledged.filter((_, i) => i % 2 === 0);
    await this.sender.send(gateway.url, open);
  }

  async #load(gateway: GatewayProcess, moment: Exclude<Moment, "start">): Promise<void> {
    const batch = this.#batch();
    const killAfter = moment === "answer" ? below(this.#random, batch.length) : Number.POSITIVE_INFINITY;
    const began = performance.now();
    const sending = this.sender.send(gateway.url, batch, (answered) => {
      if (answered > killAfter) gateway.signal("SIGKILL");
    });
    if (moment === "load" || moment === "drain") {
      await Promise.race([sending, Bun.sleep(this.#random() * this.#loadMs)]);
      if (moment === "drain") {
        gateway.signal("SIGTERM");
        await Bun.sleep(this.#random() * 40);
      }
      gateway.signal("SIGKILL");
    }
    await sending;
    if (moment !== "work") return;
    this.#loadMs = performance.now() - began;
    await Bun.sleep(this.#random() * 60);
  }

  /** New ones, some that got no answer before, and some again that did. */
  #batch(): readonly Delivery[] {
    const fresh = Array.from({ length: this.#options.perRound }, () => this.#next());
    const again = this.sender.unacknowledged.filter(() => this.#random() < 0.3).slice(0, 10);
    const repeated = this.sender.repeatable.filter(() => this.#random() < 0.02).slice(0, 3);
    return [...fresh, ...again, ...repeated];
  }
}
