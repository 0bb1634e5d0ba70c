import { ByteBudget } from "./byte-budget.ts";
import { ClientBudget } from "./client-budget.ts";

const MB = 1024 * 1024;

/**
 * The 64 MB of unverified bytes that may be held at once (contract §3), in parts, so that what strangers announce or send
 * cannot take the room of the others:
 * - `announced`: small bodies that Bun gathers by itself, the quickest way. Only what was announced is known of them.
 * - `counted`: small bodies once that is full, and chunked ones; counted as they come, so that announcing costs nothing.
 * - `large`: bodies of more than 64 KB, which wait in line.
 * - `proven`: the same of those who have proved themselves lately. Providers come again and again from few addresses, and who
 *   never sent anything genuine has no part in this.
 */
export class BodyBudgets {
  readonly announced = new ByteBudget(6 * MB);
  readonly counted = new ClientBudget(6 * MB, 2 * MB);
  readonly large = new ClientBudget(26 * MB, 13 * MB);
  readonly proven = new ClientBudget(26 * MB, 26 * MB);
}
