import { crossCheck } from './checks/index.ts';
import { compose } from './compose.ts';
import type { Overrides } from './compose.ts';
import type { Finding, Problem } from './errors.ts';
import { printPath } from './errors.ts';
import { isMapping } from './mappings.ts';
import { countMisspeltOnce } from './misspelt.ts';
import { optionFor } from './options.ts';
import { variableFor } from './proxy-variables.ts';
import type { Tree } from './read-tree.ts';
import { schema } from './schema.ts';
import type { Settings } from './schema.ts';

/** What a file and the options say together, or everything that is wrong with it. */
export type Examination =
  { readonly settings: Settings; readonly defaultHosts: boolean } | { readonly problems: readonly Problem[] };

/** Reads every value and every reference that can be seen; `name` is the file as the user named it. */
export function examine(tree: Tree, name: string, overrides: Overrides): Examination {
  const { places } = tree;
  const { sections, outline, defaultHosts, findings } = compose(sectionsOf(tree), places.intact, overrides);
  const read = schema.safeParse(sections);
  const found = [
    ...(read.error?.issues ?? []).map(toFinding),
    ...findings,
    ...crossCheck(outline, overrides.hosts ?? []),
  ];
  const problems = [
    ...tree.problems.map((problem) => ({ file: name, ...problem })),
    ...countMisspeltOnce(found)
      .filter(({ path }) => !places.isDoubtful(path))
      .map((finding) => ({
        ...(optionFor(finding.path, overrides) ??
          (places.has(finding.path) ? undefined : variableFor(finding.path, overrides.outbound ?? {})) ?? {
            file: name,
            ...places.locate(finding.path),
            path: printPath(finding.path),
          }),
        message: places.discreet(finding),
      })),
  ];
  if (problems.length > 0 || !read.success) return { problems };
  return { settings: read.data, defaultHosts };
}

function sectionsOf({ value }: Tree): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

function toFinding({ path, message }: { path: PropertyKey[]; message: string }): Finding {
  return { path: path.map((part) => (typeof part === 'symbol' ? String(part) : part)), message };
}
