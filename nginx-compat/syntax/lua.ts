const long = /\[(=*)\[/y;

/** The index behind the `}` that ends a block of Lua whose `{` stands before `start`; undefined: there is none. */
export function endOfLua(text: string, start: number): number | undefined {
  let depth = 1;
  for (let index = start; index < text.length;) {
    const char = text[index];
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    if (depth === 0) return index + 1;
    index = afterPiece(text, index);
  }
  return undefined;
}

/** Behind the string, comment or character at `index`: braces within strings and comments do not count. */
function afterPiece(text: string, index: number): number {
  const char = text[index];
  if (text.startsWith('--', index)) return afterLong(text, index + 2) ?? behind(text, '\n', index);
  if (char === '"' || char === "'") return afterString(text, index, char);
  return afterLong(text, index) ?? index + 1;
}

/** Behind `[[…]]` or `[==[…]==]`, if one starts here. */
function afterLong(text: string, index: number): number | undefined {
  long.lastIndex = index;
  const opening = long.exec(text);
  return opening ? behind(text, `]${opening[1] ?? ''}]`, index) : undefined;
}

function behind(text: string, end: string, from: number): number {
  const index = text.indexOf(end, from);
  return index === -1 ? text.length : index + end.length;
}

function afterString(text: string, start: number, quote: string): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === quote || text[index] === '\n') return index + 1;
  }
  return text.length;
}
