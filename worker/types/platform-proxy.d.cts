import type { FogbankOptions } from "./fogbank.cjs";

/** What wrangler answers; `env` holds the bindings of the wrangler config. */
export interface PlatformProxy<Env = any> {
  env: Env;
  cf: any;
  ctx: any;
  caches: any;
  dispose: () => Promise<void>;
}

/** `getPlatformProxy` of the project's own wrangler, with the AI binding served by Fogbank. */
export function getPlatformProxy<Env = any>(
  options?: { configPath?: string; environment?: string } & Record<string, any>,
  fogbank?: FogbankOptions,
): Promise<PlatformProxy<Env>>;
