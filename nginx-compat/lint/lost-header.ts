import { own, type Scope } from '../reading/index.ts';

/** Says where a header is set in vain: one `proxy_set_header` in a block drops all those of the blocks around it. */
export function lostHeader(scope: Scope, name: string): string {
  for (let each: Scope | undefined = scope, isHidden = false; each; each = each.parent) {
    const set = own(each, 'proxy_set_header');
    const found = set.find(({ args }) => args[0]?.text.toLowerCase() === name.toLowerCase());
    if (found && isHidden)
      return ` (line ${found.at.line} of ${found.at.file} sets it in vain: a proxy_set_header in an inner block drops all those outside)`;
    isHidden ||= set.length > 0;
  }
  return '';
}
