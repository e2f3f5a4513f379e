import { join } from 'node:path';
import { openFilesystem, type BlobStore } from '../../registry/blobs/index.ts';
import { openSqlite, type Metadata } from '../../registry/metadata/index.ts';

/** The stores of a gateway in another process, opened once more; as a second gateway would have them. */
export interface SecondStores {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

/** Opens the stores in the `--data` folder of a gateway that has been started before. */
export async function openStores(data: string): Promise<SecondStores> {
  const metadata = await openSqlite(join(data, 'metadata.db'));
  const blobs = await openFilesystem(join(data, 'blobs'));
  return { metadata, blobs, close: () => metadata.close() };
}
