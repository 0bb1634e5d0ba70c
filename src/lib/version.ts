import manifest from "../../package.json" with { type: "json" };

// Replaced by `scripts/build.ts` (bun build --define); not defined when run from source.
declare const ZEROCLAW_COMMIT: string | undefined;

export const VERSION: string = manifest.version;

/** The commit a compiled executable was built from; "source" when run from source. */
export const COMMIT: string = typeof ZEROCLAW_COMMIT === "string" ? ZEROCLAW_COMMIT : "source";
