/** A regular expression as nginx's library has it, or why it cannot be evaluated here. */
export type Pattern = { readonly regex: RegExp } | { readonly unsupported: string };

/** What the two dialects write the same yet mean differently, or only PCRE knows. */
const foreign = /\\[AzZGhHKRXQE]|\(\?[>|#R&]|\(\?[a-z]*-?[a-z]*\)|\(\*|[*+?}]\+|\[\[:|\\g|\\k'/;

/** Translates an expression of PCRE. */
export function patternOf(source: string, ignoreCase: boolean): Pattern {
  const inline = /^\(\?i\)/.exec(source) ?? /^(\^)\(\?i\)/.exec(source);
  const bare = inline === null ? source : (inline[1] ?? '') + source.slice(inline[0].length);
  const translated = bare.replaceAll('(?P<', '(?<');
  if (foreign.test(translated)) return { unsupported: `"${source}" uses what only PCRE has` };
  try {
    return { regex: new RegExp(translated, ignoreCase || inline !== null ? 'i' : '') };
  } catch {
    return { unsupported: `"${source}" is no regular expression, or uses what only PCRE has` };
  }
}
