import { ByteBudget } from "./byte-budget.ts";
import { ClientBudget } from "./client-budget.ts";

const MB = 1024 * 1024;

/**
 * The 64 MB of unverified bytes that may be held at once (contract §3), in three parts, so that what strangers announce or
 * send cannot take the room of the others:
 * - `announced`: small bodies that Bun gathers by itself, the quickest way. Only what was announced is known of them.
 * - `counted`: small bodies once that is full, and chunked ones; counted as they come, so that announcing costs nothing.
 * - `large`: bodies of more than 64 KB, which wait in line.
 */
export class BodyBudgets {
  readonly announced = new ByteBudget(12 * MB);
  readonly counted = new ClientBudget(12 * MB, 3 * MB);
  readonly large = new ClientBudget(40 * MB, 20 * MB);
}
