import { Client } from './client.ts';
import type { ClientSettings } from './settings.ts';

/** What one registry wants to see from whoever speaks with it. Its calls throw UpstreamFailure, or the signal's reason. */
export interface Authorizer {
  /**
   * The Authorization header for a scope, such as `repository:team/app:pull,push`, with the configured credentials;
   * undefined where it asks for none. One that was `refused` is not given again.
   */
  authorize(scope: string, signal: AbortSignal | undefined, refused?: string): Promise<string | undefined>;
  /** The address of its token service, as it names it to who has no login; undefined where there is none. */
  realm(signal: AbortSignal | undefined): Promise<URL | undefined>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** An authorizer; nothing is sent before the first call. */
export function createAuthorizer(settings: ClientSettings): Authorizer {
  return new Client(settings);
}
