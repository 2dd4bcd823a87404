import type { FogbankOptions } from "./fogbank.cjs";

export interface Pool {
  wrangler?: { configPath?: string; environment?: string };
  miniflare?: Record<string, any>;
}

/** Options of Cloudflare's Workers pool for Vitest with every AI binding served by Fogbank. */
export function withFogbank<T extends Pool>(
  pool: T,
  fogbank?: FogbankOptions,
): T & { remoteBindings: false };
