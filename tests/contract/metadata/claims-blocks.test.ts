import { expect, test } from 'vitest';
import { eachMetadata } from './stores.ts';

const soon = () => Date.now() + 60_000;
const past = () => Date.now() - 1;

eachMetadata('claims', (store) => {
  const claims = () => store.metadata().claims;

  test('one holds a key, who may prolong it and gives it back', async () => {
    const other = (await store.openAgain()).claims;
    expect(await claims().claim('key', 'me', soon())).toBe(true);
    expect(await claims().claim('key', 'me', soon())).toBe(true);
    expect(await other.claim('key', 'you', soon())).toBe(false);
    expect(await other.claim('another key', 'you', soon())).toBe(true);
    await other.release('key', 'you');
    expect(await other.claim('key', 'you', soon())).toBe(false);
    await claims().release('key', 'me');
    expect(await other.claim('key', 'you', soon())).toBe(true);
    expect(await claims().claim('key', 'me', soon())).toBe(false);
  });

  test('one that is over is free', async () => {
    await claims().claim('key', 'dead', past());
    expect(await claims().claim('key', 'me', soon())).toBe(true);
    expect(await claims().claim('key', 'dead', soon())).toBe(false);
  });

  test('of many that claim at once one wins', async () => {
    const other = (await store.openAgain()).claims;
    const all = Array.from({ length: 20 }, (_, who) =>
      (who % 2 ? claims() : other).claim('key', `${who}`, soon()),
    );
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1);
  });
});

eachMetadata('blocks', (store) => {
  const blocks = () => store.metadata().blocks;
  const block = { repository: 'quay', by: 'alice', at: 5, reason: 'they are "down"' };

  test('are listed by repository and asked one by one, in every process', async () => {
    const other = (await store.openAgain()).blocks;
    const hub = { ...block, repository: 'hub' };
    expect(await other.isBlocked('quay')).toBe(false);
    await blocks().block(block);
    await blocks().block(hub);
    expect(await blocks().isBlocked('quay')).toBe(true);
    expect(await (await store.openAgain()).blocks.isBlocked('quay')).toBe(true);
    expect(await blocks().isBlocked('ghcr')).toBe(false);
    expect(await other.list()).toEqual([hub, block]);
  });

  test('again replaces who, when and why; undone they are gone', async () => {
    await blocks().block(block);
    const again = { ...block, by: 'bob', at: 6, reason: '' };
    await blocks().block(again);
    expect(await blocks().list()).toEqual([again]);
    expect(await blocks().unblock('quay')).toBe(true);
    expect(await blocks().unblock('quay')).toBe(false);
    expect(await blocks().isBlocked('quay')).toBe(false);
    expect(await blocks().list()).toEqual([]);
  });
});
