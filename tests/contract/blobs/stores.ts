import { afterEach, beforeEach, describe } from 'vitest';
import { openFilesystem, type BlobStore } from '../../../registry/blobs/index.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';

/** Every implementation of BlobStore, by how it is opened on a folder of the test's own; each passes the same tests. */
const implementations: Readonly<Record<string, (folder: string) => Promise<BlobStore>>> = {
  filesystem: openFilesystem,
};

/** A new, empty store for each test. */
export interface TestStore {
  /** The store as the test opened it. */
  readonly blobs: () => BlobStore;
  /** Opens it once more, as another process would. */
  readonly openAgain: () => Promise<BlobStore>;
}

/** Runs tests for every implementation, each with a store of its own. */
export function eachBlobStore(title: string, tests: (store: TestStore) => void): void {
  describe.each(Object.entries(implementations))(`${title} (%s)`, (_, open) => {
    let folder = '';
    let blobs: BlobStore | undefined;
    beforeEach(async () => {
      folder = await makeFolder();
      blobs = await open(folder);
    });
    afterEach(async () => {
      await removeFolder(folder);
    });
    tests({
      blobs() {
        if (!blobs) throw new Error('there is a store only while a test runs');
        return blobs;
      },
      openAgain: () => open(folder),
    });
  });
}
