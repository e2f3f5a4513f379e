import { ask } from '../ask.ts';
import type { Check } from '../check.ts';
import { error, ok, skipped, warning } from '../finding.ts';

/** In ms. The certificates of Dockgate, and tokens, tolerate a day. */
const tolerated = 24 * 3_600_000;
/** In ms: more than the second that Date rounds to, and a slow answer. */
const usual = 2 * 60_000;

/** How far the clocks of this machine and of the server are apart. */
export const clockCheck: Check = {
  name: 'clock',
  needs: ['port'],
  // Whether it answers at all is the question of others.
  limit: 10_000,
  async run(visit) {
    // Unverified and without credentials: a wrong clock may be just why the certificate cannot be verified.
    const answer = await ask(visit, '/v2/', { verify: false }).catch(() => undefined);
    if (!answer) return [skipped('the server does not answer')];
    const { date } = answer.headers;
    const theirs = Date.parse(date ?? '');
    if (Number.isNaN(theirs)) return [skipped('the server does not say what time it is')];
    const skew = visit.now() - theirs;
    visit.facts.skew = skew;
    const apart = inLargeUnits(Math.abs(skew));
    const [here, there] = [visit.now(), theirs].map((time) => new Date(time).toISOString());
    const what = `the clock of this machine (${here}) is ${apart} ${skew < 0 ? 'behind' : 'ahead of'} the server's (${there})`;
    const advice =
      'set the clock of the machine that is wrong and keep it right with NTP (timedatectl set-ntp true; chrony or systemd-timesyncd)';
    if (Math.abs(skew) > tolerated) return [error(what, advice)];
    if (Math.abs(skew) > usual) return [warning(what, advice)];
    return [ok('the clocks of this machine and the server agree')];
  },
};

/** `3.0 days`. */
export function inLargeUnits(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours >= 48) return `${(hours / 24).toFixed(1)} days`;
  return hours >= 2 ? `${hours.toFixed(1)} hours` : `${Math.round(ms / 60_000)} minutes`;
}
