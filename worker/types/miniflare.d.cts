import type { FogbankOptions } from "./fogbank.cjs";

/** Options for Miniflare 4 or 5 with every AI binding served by Fogbank. */
export function withFogbank<T extends Record<string, any>>(
  options: T,
  fogbank?: FogbankOptions,
): T;
