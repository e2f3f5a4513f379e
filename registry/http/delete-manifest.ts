import { referenceText, RegistryError, type Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import { headerText } from './source-headers.ts';

/** DELETE of a tag, or of a manifest with its tags. OCI distribution-spec 1.1, "Deleting tags", end-9. */
export const deleteManifest: Handler<Extract<Operation, { kind: 'manifest-delete' }>> = async (
  { facts },
  { name, reference },
  { hosted, view },
) => {
  const repository = hosted();
  if ('digest' in reference) facts.digest = reference.digest;
  if (!(await repository.deleteManifest(name, reference))) {
    throw new RegistryError('manifestUnknown', { detail: { name, ...reference } });
  }
  // What another member holds under this name is seen from now on (trap T15).
  const other = await view.findManifest(name, reference, 'local');
  const text = `${other?.member ?? ''} still serves ${name} ${referenceText(reference)}`;
  return { status: 202, headers: other ? { Warning: `299 - "${headerText(text)}"` } : {} };
};
