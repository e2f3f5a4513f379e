import { RegistryError } from './errors.ts';

/** The name of an image, such as `library/nginx`. OCI distribution-spec 1.1, "Pulling manifests". */
export type Name = string & { readonly name: unique symbol };

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const form = new RegExp(`^${component}(?:/${component})*$`);
/** Many clients limit host and name together to 255; a host name has at least one character and a slash follows. */
const longest = 253;

/** True when `text` is a name. */
export function isName(text: string): text is Name {
  return text.length <= longest && form.test(text);
}

/** `text` as a name; throws `nameInvalid`. */
export function parseName(text: string): Name {
  if (isName(text)) return text;
  throw new RegistryError('nameInvalid', {
    message: 'invalid repository name: lower-case letters and digits, separated by one of . _ __ - and /',
    detail: { name: text.slice(0, 300) },
  });
}

/**
 * The names under which an image is looked for when it is read: `x` and `library/x` are the same (trap T19).
 * The name that was asked for comes first.
 */
export function readNames(name: Name): readonly Name[] {
  if (!name.includes('/')) return [name, `library/${name}` as Name];
  const short = name.startsWith('library/') ? name.slice('library/'.length) : '';
  return short !== '' && !short.includes('/') ? [name, short as Name] : [name];
}

/** The form in which Docker Hub knows a name: one component lives under `library/`. */
export function libraryName(name: Name): Name {
  return name.includes('/') ? name : (`library/${name}` as Name);
}
