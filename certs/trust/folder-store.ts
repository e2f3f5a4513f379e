import { inWords } from './sentences.ts';
import type { TrustStore } from './store.ts';

/** A client that looks for `FOLDER/HOST/ca.crt`, with HOST as it is typed. */
export function folderStore({
  name,
  folder,
  restart,
  find,
}: Pick<TrustStore, 'name' | 'find'> & { readonly folder: string; readonly restart: string }): TrustStore {
  return {
    name,
    find,
    async install({ ledger }, { host, certificates }) {
      const path = `${folder}/${host}/ca.crt`;
      const change = await ledger.write(name, host, path, certificates.join(''));
      return { store: name, done: [inWords(change, path)], restart };
    },
    async uninstall({ ledger }, host) {
      const changes = await ledger.takeBack(name, host);
      return { store: name, done: changes.map(({ change, path }) => inWords(change, path)), restart };
    },
  };
}
