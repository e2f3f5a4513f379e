import { ask } from '../ask.ts';
import type { Check } from '../check.ts';
import { error, ok, skipped } from '../finding.ts';

/** What Dockgate says of its own database and blobs. */
export const readyCheck: Check = {
  name: 'ready',
  needs: ['challenge'],
  async run(visit) {
    if (!visit.facts.isDockgate) return [skipped('this is not Dockgate')];
    const { status, headers } = await ask(visit, '/readyz');
    if (status === 200) return [ok('Dockgate can use its database and its blobs')];
    // A proxy in front need not pass more than /v2/ on.
    if (status !== 503 || !headers['content-type']?.includes('json'))
      return [skipped('a proxy in front does not pass /readyz on')];
    return [
      error(
        'Dockgate says that it cannot use its database or its blobs',
        'its log says which ("storage or metadata cannot be used"): a full disk, a read-only one, or the rights of the data folder',
      ),
    ];
  },
};
