import { nearestAll, type Scope } from './scope.ts';

/** What takes the place of an error: `@name`, a path, or a URL. */
export function errorPageOf(scope: Scope, status: number): string | undefined {
  for (const { args } of nearestAll(scope, 'error_page')) {
    const words = args.map(({ text }) => text);
    const page = words.pop();
    if (words.includes(String(status))) return page;
  }
  return undefined;
}
