import { afterEach, beforeEach, describe } from 'vitest';
import type { Metadata } from '../../../registry/metadata/index.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';
import { implementation, implementations } from './implementations.ts';

/** A new, empty store for each test. */
export interface TestStore {
  readonly title: string;
  readonly location: () => string;
  /** The store as the test's own process opened it. */
  readonly metadata: () => Metadata;
  /** Opens it once more, as another process would; closed after the test. */
  readonly openAgain: () => Promise<Metadata>;
}

/** Runs tests for every implementation, each with a store of its own. */
export function eachMetadata(title: string, tests: (store: TestStore) => void): void {
  describe.each(Object.keys(implementations))(`${title} (%s)`, (kind) => {
    const { locate, open } = implementation(kind);
    let folder = '';
    let location = '';
    let opened: Metadata[] = [];
    const openAgain = async (): Promise<Metadata> => {
      const metadata = await open(location);
      opened.push(metadata);
      return metadata;
    };
    beforeEach(async () => {
      folder = await makeFolder();
      location = locate(folder);
      await openAgain();
    });
    afterEach(async () => {
      for (const metadata of opened) await metadata.close();
      opened = [];
      await removeFolder(folder);
    });
    tests({
      title: kind,
      location: () => location,
      metadata: () => {
        const [first] = opened;
        if (!first) throw new Error('there is a store only while a test runs');
        return first;
      },
      openAgain,
    });
  });
}
