import { Devices, type TokenList } from "../auth/devices.ts";
import { Lockouts } from "../auth/lockouts.ts";
import { Pairing } from "../auth/pairing.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import type { Store } from "../store/store.ts";

export interface AuthServices {
  readonly devices: Devices;
  readonly lockouts: Lockouts;
  readonly pairing: Pairing;
}

export interface AuthParts {
  readonly store: Store;
  readonly tokens: TokenList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Who may ask: devices and lockouts as an earlier process left them, and a fresh code. */
export async function openAuth({ store, tokens, clock, random, log }: AuthParts): Promise<AuthServices> {
  const lockouts = new Lockouts({ clock, store: store.lockouts, log });
  const devices = new Devices({ store: store.devices, tokens, clock, random, log });
  await Promise.all([lockouts.load(), devices.load()]);
  return { devices, lockouts, pairing: new Pairing({ clock, random, devices, lockouts, log }) };
}
