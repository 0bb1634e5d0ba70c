export type { Desk, DeskDevice, DeskStatus } from "../desk/desk.ts";
