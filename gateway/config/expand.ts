import { BadValue } from './errors.ts';

/** What the environment is handed over as. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text with every `${NAME}` replaced by that environment variable; `$${` stands for `${` itself.
 * Throws BadValue when a variable is not set or the braces hold something else; never repeats a value.
 */
export function expand(text: string, env: Environment): string {
  const missing = new Set<string>();
  const result = text.replace(/\$?\$\{([^}]*)(\}?)/g, (whole: string, name: string, end: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    if (end === '' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new BadValue(
        'has a "${" that is no variable; write ${NAME}, or $${ for the characters themselves',
      );
    }
    const value = env[name];
    if (value === undefined) missing.add(name);
    return value ?? '';
  });
  if (missing.size > 0) {
    const names = [...missing].join(', ');
    throw new BadValue(
      `${names} ${missing.size > 1 ? 'are' : 'is'} not set in the environment; set ${missing.size > 1 ? 'them' : 'it'}, or write $\${ for the characters themselves`,
    );
  }
  return result;
}
