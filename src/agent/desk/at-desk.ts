import type { Asker } from "./asker.ts";
import type { Desk } from "./desk.ts";

/** Somebody at the desk: every look and every change is made in that name. */
export interface AtDesk {
  readonly desk: Desk;
  readonly asker: Asker;
}
