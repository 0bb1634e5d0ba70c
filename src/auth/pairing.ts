import type { Clock } from "../lib/clock.ts";
import { sameSecret } from "../lib/hash.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import type { Scope } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Devices, Minted } from "./devices.ts";
import type { Lockouts } from "./lockouts.ts";
import { UNNAMED } from "./paired-tokens.ts";
import { newCode, normalizeCode } from "./pairing-code.ts";

export interface PairingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly devices: Pick<Devices, "mint">;
  readonly lockouts: Pick<Lockouts, "codeWait" | "wrongCode" | "rightCode">;
  readonly log: Log;
}

export interface PairRequest {
  /** As it was typed. */
  readonly code: string;
  /** The sender's address. */
  readonly client: string;
  /** What the device calls itself; a name given with the code comes first. */
  readonly deviceName?: string | undefined;
}

export type Paired = Minted;

/** A code as it is shown. */
export interface ShownCode {
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

/** What a further code is for. */
export interface CodeGrant {
  readonly scope: Scope;
  readonly device_name?: string | undefined;
}

const LIFETIME_MS = 15 * 60_000;
const MAX_FURTHER_CODES = 16;
/** What is compared when the text has no code's shape, so that this takes the same time. No code has this shape either. */
const NO_CODE = "0000-AAAA-0000";

/** Pairing codes: one for the owner, which is printed at the start, and further ones minted for other devices. */
export class Pairing {
  readonly #options: PairingOptions;
  #primary: LiveCode;
  #further: LiveCode[] = [];

  constructor(options: PairingOptions) {
    this.#options = options;
    this.#primary = this.#make({ scope: "owner" });
  }

  /**
   * Trades a code for a token. Wrong, spent and expired codes get the same answer in the same time. When the token
   * cannot be saved, the code stays good.
   * @throws Problem invalid_code, locked_out, config_read_only, store_unavailable
   */
  async pair({ code, client, deviceName }: PairRequest): Promise<Paired> {
    const { lockouts, devices, log } = this.#options;
    const wait = lockouts.codeWait(client);
    if (wait > 0) throw lockedOut(wait);
    const live = this.#find(normalizeCode(code) ?? NO_CODE);
    if (live === null) {
      if (lockouts.wrongCode(client)) this.#replacePrimary();
      throw new Problem("invalid_code", { detail: WRONG });
    }
    // Taken before anything is awaited: of two who send it at once, one gets a token.
    live.taken = true;
    try {
      const name = live.grant.device_name ?? deviceName ?? UNNAMED;
      const paired = await devices.mint({ name, scope: live.grant.scope });
      this.#further = this.#further.filter((other) => other !== live);
      lockouts.rightCode(client);
      log.info("Paired a device", { device_id: paired.device.device_id, scope: paired.device.scope, client });
      return paired;
    } catch (error) {
      live.taken = false;
      log.error("Cannot pair a device", { client, error: String(error), cause: causeOf(error) });
      throw error;
    }
  }

  /** The owner's code; null when it is spent or expired. */
  current(): ShownCode | null {
    return this.#good(this.#primary) ? shown(this.#primary) : null;
  }

  /** Those made beside it that are still good, the youngest last. */
  further(): readonly (ShownCode & CodeGrant)[] {
    return this.#further.filter((live) => this.#good(live)).map((live) => ({ ...shown(live), ...live.grant }));
  }

  /** A new owner's code; the one before is void. */
  renew(): ShownCode {
    this.#primary = this.#make({ scope: "owner" });
    return shown(this.#primary);
  }

  /** One more code, beside the owner's. @throws Problem rate_limited when 16 are live */
  mint(grant: CodeGrant): ShownCode {
    this.#further = this.#further.filter((live) => live.taken || this.#good(live));
    if (this.#further.length >= MAX_FURTHER_CODES) throw this.#tooMany();
    const live = this.#make(grant);
    this.#further.push(live);
    return shown(live);
  }

  /** Compares with every code, whether one was found already or not. */
  #find(code: string): LiveCode | null {
    let found: LiveCode | null = null;
    for (const live of [this.#primary, ...this.#further]) {
      const same = sameSecret(code, live.code);
      if (same && this.#good(live)) found = live;
    }
    return found;
  }

  /** Not spent, and young by both clocks: the wall clock may be set back, the monotonic one may stop in a machine's sleep. */
  #good(live: LiveCode): boolean {
    const { clock } = this.#options;
    return !live.taken && clock.now() < live.expiresAt && clock.monotonic() < live.expiresAtMonotonic;
  }

  #make(grant: CodeGrant): LiveCode {
    const { clock, random } = this.#options;
    return {
      code: newCode(random),
      grant,
      expiresAt: clock.now() + LIFETIME_MS,
      expiresAtMonotonic: clock.monotonic() + LIFETIME_MS,
      taken: false,
    };
  }

  /** After 1,000 wrong codes. The new code lives no longer than the old one would have: guessing must not keep a code alive. */
  #replacePrimary(): void {
    const { log, random } = this.#options;
    if (!this.#good(this.#primary)) {
      log.warn("1,000 wrong pairing codes were sent, while the owner had no live code");
      return;
    }
    this.#primary = { ...this.#primary, code: newCode(random) };
    log.warn("1,000 wrong pairing codes were sent: the code was replaced. See it with `zeroclaw gateway get-paircode`");
  }

  #tooMany(): Problem {
    const soonest = Math.min(...this.#further.map(({ expiresAt }) => expiresAt));
    return new Problem("rate_limited", {
      detail: `${MAX_FURTHER_CODES} pairing codes are live already. Use one of them, or wait until the oldest expires.`,
      retryAfter: Math.max(1, Math.ceil((soonest - this.#options.clock.now()) / 1_000)),
    });
  }
}

interface LiveCode {
  readonly code: string;
  readonly grant: CodeGrant;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly expiresAtMonotonic: number;
  /** Spent, or about to be. */
  taken: boolean;
}

const WRONG =
  "The pairing code is wrong, spent or expired. See the current one with `zeroclaw gateway get-paircode`, or make one with `--new`.";

function shown({ code, expiresAt }: LiveCode): ShownCode {
  return { code, expires_at: expiresAt };
}

function lockedOut(seconds: number): Problem {
  return new Problem("locked_out", {
    detail: `Too many wrong pairing codes came from this address. Wait ${seconds} s, or run \`zeroclaw gateway get-paircode --new\` on the gateway's machine.`,
    retryAfter: seconds,
  });
}

function causeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? String(error.cause) : undefined;
}
