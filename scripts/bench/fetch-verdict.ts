import type { FetchResults, FirstBytes } from './fetch.ts';
import { median } from './measure.ts';
import type { Line } from './verdict.ts';

const mostFetched = 1;
const latestFirstByte = 1.2;

/** What was fetched beside what the blob has, and the first byte through Dockgate beside that of a direct pull. */
export function judgeFetch({ clients, amounts, firstBytes }: FetchResults): readonly Line[] {
  const fetched = amounts.map(({ gateways, size, fetched }): Line => {
    const values = [fetched, size].map((bytes) => bytes / 1024 ** 2);
    const ways = gateways === 1 ? 'one Dockgate' : `${gateways} Dockgates with the same data`;
    const quantity = `MiB fetched for ${clients} pulls of a blob through ${ways}, beside its size`;
    return { quantity, values, digits: 1, ratio: fetched / size, floor: atMost(fetched / size, mostFetched) };
  });
  return [...fetched, ...firstBytes.map(firstByteLine)];
}

function firstByteLine({ connections, delay, through, direct }: FirstBytes): Line {
  const values = [through, direct].map((seconds) => median(seconds) * 1000);
  const [ours = Number.NaN, theirs = Number.NaN] = values;
  const place = delay === 0 ? 'beside it' : `${delay} ms away`;
  const quantity = `ms to the first byte of a new blob, upstream ${place}, ${connections} connections`;
  const line = { quantity, values, digits: 1, ratio: ours / theirs };
  // Beside an answer within 2 ms any second server is late; the floor is for an upstream that is somewhere else.
  return delay === 0 ? line : { ...line, floor: atMost(ours / theirs, latestFirstByte) };
}

function atMost(ratio: number, most: number): NonNullable<Line['floor']> {
  return { text: `≤ ${most.toFixed(1)}`, held: ratio <= most };
}
