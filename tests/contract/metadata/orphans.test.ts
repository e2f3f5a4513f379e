import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Metadata } from '../../../registry/metadata/index.ts';
import { adopting, at, digestOf, imageOf, link, put } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('cache');
const blob = { digest: digestOf('blob'), size: 7 };
const soon = () => Date.now() + 60_000;
const past = () => Date.now() - 1;
const nothing = () => Promise.resolve();
const offer = (until: number) => ({ id: 'id', by: 'me', until, place });

/** Holds somebody up until it is opened. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

eachMetadata('orphans', (store) => {
  const parts = () => store.metadata();
  /** A blob whose row is there and that nobody holds. */
  const orphan = async ({ images }: Metadata = parts()) => {
    await images.linkBlob(place, blob);
    await images.unlinkBlob(place, blob.digest);
  };
  const orphans = (metadata = parts()) => metadata.eviction.orphans(10);
  /** Whether the blob was forgotten, and whether its bytes were removed. */
  const forget = async (metadata = parts()) => {
    let removed = false;
    const forgotten = await metadata.eviction.forget(blob.digest, () => {
      removed = true;
      return Promise.resolve();
    });
    return { forgotten, removed };
  };
  const yes = { forgotten: true, removed: true };
  const no = { forgotten: false, removed: false };

  test('are blobs that nobody holds, and are forgotten once', async () => {
    await link(parts(), at('hosted'), 'held');
    await orphan();
    expect(await orphans()).toEqual([blob.digest]);
    expect(await forget()).toEqual(yes);
    expect(await orphans()).toEqual([]);
    expect(await parts().images.blobSize(blob.digest)).toBeUndefined();
    expect(await parts().images.blobBytes()).toBe(7);
    expect(await forget()).toEqual(no);
  });

  test('a blob that anybody holds is none', async () => {
    await orphan();
    await parts().images.linkBlob(at('hosted'), blob);
    expect(await orphans()).toEqual([]);
    expect(await forget()).toEqual(no);
    expect(await parts().images.findBlob(at('hosted'), blob.digest)).toMatchObject({ size: 7 });
  });

  test('one that is pinned is none until the pin is over; a longer pin stays', async () => {
    const other = await store.openAgain();
    await orphan();
    await other.pins.pin([blob.digest, digestOf('unknown')], soon());
    await other.pins.pin([blob.digest], past());
    expect(await orphans()).toEqual([]);
    expect(await forget()).toEqual(no);
    expect(await parts().images.blobSize(blob.digest)).toBe(7);
  });

  test('a pin that is over holds nothing', async () => {
    await orphan();
    await parts().pins.pin([blob.digest], past());
    expect(await orphans()).toEqual([blob.digest]);
    expect(await forget()).toEqual(yes);
  });

  test('one that is downloaded is none while the download runs', async () => {
    await orphan();
    await parts().downloads.join(blob.digest, offer(soon()));
    expect(await orphans()).toEqual([]);
    expect(await forget()).toEqual(no);
    await parts().downloads.fail(blob.digest, 'me', 'gone', soon());
    expect(await orphans()).toEqual([blob.digest]);
    await parts().downloads.join(blob.digest, offer(past()));
    expect(await forget()).toEqual(yes);
  });

  test('bytes that could not be removed are tried again', async () => {
    await orphan();
    const fault = new Error('the disk is gone');
    await expect(parts().eviction.forget(blob.digest, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await parts().images.blobSize(blob.digest)).toBeUndefined();
    expect(await orphans(await store.openAgain())).toEqual([blob.digest]);
    expect(await forget()).toEqual(yes);
    expect(await orphans()).toEqual([]);
  });

  test('bytes that could not be removed and then came again are nobody’s orphan', async () => {
    await orphan();
    await expect(
      parts().eviction.forget(blob.digest, () => Promise.reject(new Error('no'))),
    ).rejects.toThrow();
    await parts().images.linkBlob(place, blob);
    expect(await orphans()).toEqual([]);
    expect(await forget()).toEqual(no);
    expect(await parts().images.findBlob(place, blob.digest)).toMatchObject({ size: 7 });
    await parts().images.unlinkBlob(place, blob.digest);
    expect(await orphans()).toEqual([blob.digest]);
    expect(await forget()).toEqual(yes);
  });

  test('of two that forget at once one removes', async () => {
    const other = await store.openAgain();
    await orphan();
    const both = await Promise.all([forget(), forget(other)]);
    expect(both.filter((each) => each.removed)).toHaveLength(1);
    expect(both.filter((each) => each.forgotten)).toHaveLength(1);
  });

  describe('linking what is known', () => {
    test('answers its size and holds it; what is unknown stays so', async () => {
      await parts().images.linkBlob(at('hosted'), blob);
      expect(await parts().images.linkKnown(place, blob.digest)).toBe(7);
      expect(await parts().images.linkKnown(place, blob.digest)).toBe(7);
      expect(await parts().images.findBlob(place, blob.digest)).toMatchObject({ size: 7 });
      expect(await parts().images.linkKnown(place, digestOf('unknown'))).toBeUndefined();
      expect(await parts().images.findBlob(place, digestOf('unknown'))).toBeUndefined();
    });

    test('an empty blob is known', async () => {
      await parts().images.linkBlob(at('hosted'), { ...blob, size: 0 });
      expect(await parts().images.linkKnown(place, blob.digest)).toBe(0);
    });

    test('what was forgotten is not', async () => {
      await orphan();
      await forget();
      expect(await parts().images.linkKnown(place, blob.digest)).toBeUndefined();
    });

    test('or it is forgotten: of both at once one happens', async () => {
      const other = await store.openAgain();
      for (let round = 0; round < 30; round += 1) {
        await orphan();
        const [known, { forgotten }] = await Promise.all(
          round % 2
            ? [other.images.linkKnown(place, blob.digest), forget()]
            : [parts().images.linkKnown(place, blob.digest), forget(other)],
        );
        expect(known === undefined, `round ${round}`).toBe(forgotten);
      }
    });
  });

  describe('while another process is at the same', () => {
    test.each(['another process', 'the same'])('a pin of %s waits for the end of a removal', async (who) => {
      const bringer = who === 'the same' ? parts() : await store.openAgain();
      await orphan();
      const order: string[] = [];
      const [removing, mayRemove] = [gate(), gate()];
      const forgetting = parts().eviction.forget(blob.digest, async () => {
        removing.open();
        await mayRemove.opened;
        order.push('removed');
      });
      await removing.opened;
      const bringing = bringer.pins.pin([blob.digest], soon()).then(async () => {
        order.push('pinned');
        await bringer.images.linkBlob(place, blob);
      });
      setTimeout(mayRemove.open, 50);
      await Promise.all([forgetting, bringing]);
      expect(order).toEqual(['removed', 'pinned']);
      expect(await forget()).toEqual(no);
      expect(await parts().images.findBlob(place, blob.digest)).toMatchObject({ size: 7 });
    });

    test('bytes that came between the two steps of forgetting stay', async () => {
      const other = await store.openAgain();
      await orphan();
      // The first step is done, the second fails: as if the process had ended in between.
      await forgetHalf(parts());
      await other.pins.pin([blob.digest], soon());
      expect(await orphans()).toEqual([]);
      expect(await forget()).toEqual(no);
      await other.images.linkBlob(place, blob);
      expect(await forget()).toEqual(no);
      expect(await parts().images.blobSize(blob.digest)).toBe(7);
    });

    test('no row ever names bytes that are missing, whoever brings, links or removes them at once', async () => {
      const other = await store.openAgain();
      const bytes = new Set<string>();
      let removals = 0;
      for (let round = 0; round < 60; round += 1) {
        const each = { digest: digestOf(`round ${round}`), size: 7 };
        const bring = async ({ pins, images }: Metadata) => {
          for (let wait = 0; wait < round % 7; wait += 1) await nextTurn();
          await pins.pin([each.digest], soon());
          bytes.add(each.digest);
          await nextTurn();
          await images.linkBlob(place, each);
        };
        const remove = async () => {
          await nextTurn();
          removals += 1;
          bytes.delete(each.digest);
        };
        bytes.add(each.digest);
        await parts().images.linkBlob(place, each);
        await parts().images.unlinkBlob(place, each.digest);
        await Promise.all([
          round % 3 || other.images.linkKnown(at('hosted'), each.digest),
          parts().eviction.forget(each.digest, remove),
          other.eviction.forget(each.digest, remove),
          bring(round % 2 ? other : parts()),
        ]);
        expect(bytes.has(each.digest), `round ${round}`).toBe(true);
      }
      // Else it proves nothing.
      expect(removals).toBeGreaterThan(0);
    });

    test('what is found under a pin stays through eviction and collection', async () => {
      const other = await store.openAgain();
      await link(parts(), at('proxy'), 'blob');
      await other.pins.pin([blob.digest], soon());
      expect(await other.images.findBlob(at('proxy'), blob.digest)).toBeDefined();
      await parts().eviction.evict('proxy', { size: 0 });
      await forget();
      const outcome = await put(other, at('hosted'), imageOf('blob'), adopting(at('proxy')));
      expect(outcome).toEqual({ outcome: 'stored', adopted: [blob.digest] });
      expect(await parts().images.blobSize(blob.digest)).toBe(7);
    });

    test('either an image adopts a blob or eviction takes it, never half', async () => {
      const other = await store.openAgain();
      for (let round = 0; round < 30; round += 1) {
        const text = `round ${round}`;
        const digest = digestOf(text);
        await link(parts(), at('proxy'), text);
        const [outcome, forgotten] = await Promise.all([
          put(other, at('hosted'), imageOf(text), adopting(at('proxy'))),
          (async () => {
            await parts().eviction.evict('proxy', { size: 0 });
            return parts().eviction.forget(digest, nothing);
          })(),
        ]);
        expect(outcome.outcome, text).toBe(forgotten ? 'missing' : 'stored');
        expect(await other.images.blobSize(digest)).toBe(forgotten ? undefined : 7);
      }
    });
  });

  async function forgetHalf({ eviction }: Metadata): Promise<void> {
    await eviction.forget(blob.digest, () => Promise.reject(new Error('ended'))).catch(nothing);
  }
});
