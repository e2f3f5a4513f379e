import { onTestFinished, vi } from 'vitest';
import { Client } from '../../../registry/upstream/client.ts';
import type { ClientSettings } from '../../../registry/upstream/settings.ts';
import type { Ask } from '../../../registry/upstream/transport.ts';

/** What speaks with one address of the upstream `hub`; it ends with the test. */
export function clientAt(url: string, settings: Partial<ClientSettings> = {}): Client {
  const client = new Client({ name: 'hub', url: new URL(url), ...settings });
  onTestFinished(async () => {
    await client.close();
  });
  return client;
}

/** A GET of a path, short or of what may take long. */
export function get(url: string, more: Partial<Ask> = {}): Ask {
  return { method: 'GET', url: new URL(url), headers: {}, signal: undefined, ...more };
}

/** Waits until nothing is under way and nothing waits; throws when that does not come. */
export async function becomesIdle(client: Client): Promise<void> {
  await vi.waitFor(() => {
    const { running, waiting } = client.counts();
    if (running + waiting > 0) throw new Error(`${running} running, ${waiting} waiting`);
  });
}
