/** Errors of a connection that, with a proxy, is one to the proxy. */
const proxyGone = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_PRX_CONN)$/;

/** What a proxy does when its answer to CONNECT is not 200; by its status. RFC 9110 9.3.6, 15.5.8. */
const answers: Readonly<Record<string, string>> = {
  401: 'asks for a login: put username and password into its address',
  403: 'does not allow it: allow the host there, or name it in noProxy',
  407: 'asks for a login: put username and password into its address',
};
const notConnected = 'did not get through: check the way from there, or name the host in noProxy';

/**
 * What is wrong with the proxy itself, by an error of undici or Node on the way to `host`; undefined when it is not the
 * proxy's fault or that cannot be told.
 */
export function proxyFault(cause: unknown, code: string, host: string): string | undefined {
  if (code === 'UND_ERR_PRX_TLS') return 'has a certificate for another host: check its address';
  if (proxyGone.test(code)) return `could not be reached: check its address (${code})`;
  const status = statusOf(cause);
  if (status === undefined) return undefined;
  return `was asked for ${host} and ${answers[status] ?? notConnected} (HTTP ${status})`;
}

/** undici has the status of a proxy's refusal in the text of its error only. */
function statusOf(cause: unknown): string | undefined {
  const text = cause instanceof Error ? cause.message : '';
  return /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(text)?.[1];
}
