/**
 * A test for names by globs: `*` stands for any part of one component, `**` for any number of components,
 * so `team/**` takes `team` itself and all below it. No globs take nothing.
 */
export function matcher(globs: readonly string[]): (name: string) => boolean {
  const forms = globs.map(
    (glob) =>
      new RegExp(
        `^${glob.split('/').map(component).join('/').replaceAll('/\u0000', '(?:/.*)?').replaceAll('\u0000/', '(?:.*/)?').replaceAll('\u0000', '.*')}$`,
      ),
  );
  return (name) => forms.some((form) => form.test(name));
}

function component(glob: string): string {
  if (glob === '**') return '\u0000';
  return glob
    .split('*')
    .map((literal) => literal.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/]*');
}
