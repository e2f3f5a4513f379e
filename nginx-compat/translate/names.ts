import { isIP, isIPv6 } from 'node:net';

/** The hosts that a `server_name` stands for, or why it cannot be written as any. */
export type HostNames = { readonly hosts: readonly string[] } | { readonly why: string };

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What stands in dockgate.yaml for a server that takes whatever comes. */
const anyHost = 'localhost';

/** Reads a word of `server_name`; undefined: there is none. */
export function hostNames(text: string | undefined): HostNames {
  if (text === undefined || text === '' || text === '_' || text === '$hostname' || text === '--')
    return { hosts: [anyHost] };
  const name = text.toLowerCase();
  if (name.startsWith('~'))
    return {
      why: 'a regular expression cannot be a host: write each host that it stands for, or *.example.org where all go to the same server',
    };
  if (name.endsWith('.*')) return { why: 'a host cannot end in "*": write each host that it stands for' };
  if (name.startsWith('.')) return bothOf(name.slice(1));
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) return { hosts: [isIPv6(bare) ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare] };
  return isName(name.replace(/^\*\./, '')) ? { hosts: [name] } : { why: `"${text}" is no name of a host` };
}

function bothOf(name: string): HostNames {
  return isName(name) ? { hosts: [name, `*.${name}`] } : { why: `".${name}" is no name of a host` };
}

function isName(name: string): boolean {
  const labels = name.split('.');
  return name.length <= 253 && labels.every((each) => label.test(each)) && !/^\d+$/.test(labels.at(-1) ?? '');
}
