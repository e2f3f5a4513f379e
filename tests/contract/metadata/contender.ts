// A process of its own on a store that others use too: `contender.ts <implementation> <location> <job> <who>`. Says
// 'ready', waits for a line on its stdin, does the job, and says what was acknowledged, line by line.
import { once } from 'node:events';
import process from 'node:process';
import type { Metadata } from '../../../registry/metadata/index.ts';
import { at, imageOf, put, tags } from './content.ts';
import { implementation } from './implementations.ts';

const [, , title = '', location = '', job = '', who = ''] = process.argv;

const jobs: Readonly<Record<string, (metadata: Metadata) => Promise<void>>> = {
  async addFirstKey({ keys }) {
    say((await keys.addFirst({ id: who, jwk: '{}', createdAt: Date.now() })).id);
  },
  async setTagOnce(metadata) {
    const how = { tags: tags('1.0'), mayMove: () => false };
    say((await put(metadata, at('hosted'), imageOf(who), how)).outcome);
  },
  async write1000(metadata) {
    for (let count = 0; count < 1000; count += 1) await write(metadata, count);
  },
  async writeUntilKilled(metadata) {
    for (let count = 0; ; count += 1) await write(metadata, count);
  },
};

async function write(metadata: Metadata, count: number): Promise<void> {
  const image = imageOf(`${who} ${count}`, [`layer ${count}`]);
  await metadata.images.linkBlob(at('hosted', who), { digest: image.digest, size: count });
  await put(metadata, at('hosted', who), image, { tags: tags(`t${count}`, 'latest') });
  say(String(count));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

say('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
const metadata = await implementation(title).open(location);
await jobs[job]?.(metadata);
await metadata.close();
