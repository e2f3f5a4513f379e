/** A parameter of a directive, in quotes where nginx would take it apart otherwise; variables stay variables. */
export function quoted(text: string): string {
  return /^[^\s;{}"'\\#]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A block with its content indented; empty lines stay empty. */
export function block(head: string, content: readonly string[]): string[] {
  return [`${head} {`, ...content.map((line) => (line === '' ? '' : `    ${line}`)), '}'];
}

/** Lines of a comment. */
export function comment(...lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '#' : `# ${line}`));
}

/** Sections with an empty line between them, as a file. */
export function file(sections: readonly (readonly string[])[]): string {
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}
