import type { Name } from './name.ts';

/**
 * A test for names from a pattern: `*` stands for characters of one component, `?` for one of them, and `**` as a
 * component for any number of components. `**` fits every name, `team/**` all below `team` but not `team` itself.
 */
export function namePattern(pattern: string): (name: Name) => boolean {
  // Several `**` in a row say no more than one, and would make the expression slow.
  const parts = pattern.split('/').filter((part, index, all) => part !== '**' || all[index - 1] !== '**');
  const source = parts.map((part, index) => {
    const last = index === parts.length - 1;
    if (part === '**') return last ? '.+' : '(?:[^/]+/)*';
    return part.split(/\*+/).map(literally).join('[^/]*') + (last ? '' : '/');
  });
  const form = new RegExp(`^${source.join('')}$`);
  return (name) => form.test(name);
}

function literally(text: string): string {
  return text.replaceAll(/[^a-z0-9_/?]/gi, String.raw`\$&`).replaceAll('?', '[^/]');
}

/** A test for names that fit any of the patterns; none fits without patterns. */
export function namePatterns(patterns: readonly string[]): (name: Name) => boolean {
  const tests = patterns.map(namePattern);
  return (name) => tests.some((fits) => fits(name));
}
