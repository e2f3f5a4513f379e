import type { IncomingMessage } from 'node:http';
import type { Door } from '../registry/index.ts';
import type { PublicOrigin } from './public-origin.ts';

/** Whether, and how, whoever handed a request in is told to send a blob itself. */
export type DelegateFor = (req: IncomingMessage, origin: PublicOrigin) => Door['delegate'];

/** By this a trusted proxy says that it sends files itself; what `dockgate nginx export --accel` emits sets it. */
const signal = 'x-dockgate-accel';

/** Makes the answer for a configuration: `location` is nginx's internal location, undefined for never. */
export function delegation(location: string | undefined): DelegateFor {
  if (location === undefined) return () => undefined;
  // https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers
  const delegate = (file: string): Record<string, string> => ({ 'X-Accel-Redirect': location + file });
  return (req, { viaProxy }) => (viaProxy && req.headers[signal] === 'on' ? delegate : undefined);
}
