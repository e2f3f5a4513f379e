import { escapeHtml } from './escape-html.ts';

/** What the page says of the host that it is shown on. */
export interface HomeFacts {
  /** As the client used it, with a port if there was one. */
  readonly host: string;
  /** `SHA256:…` of the certificate that clients are to trust; undefined when that is the operator's own business. */
  readonly fingerprint: string | undefined;
}

/** The page at `/`: the five lines that a person needs, for this host. HTML. */
export function homePage({ host, fingerprint }: HomeFacts): string {
  const safe = escapeHtml(host);
  const trust =
    fingerprint === undefined
      ? ''
      : `<h2>Trust</h2>
<p>Put <a href="/ca.crt">ca.crt</a> where docker looks for it, on each machine, once:</p>
<pre>mkdir -p /etc/docker/certs.d/${safe}
curl -fsSk https://${safe}/ca.crt -o /etc/docker/certs.d/${safe}/ca.crt
openssl x509 -in /etc/docker/certs.d/${safe}/ca.crt -noout -fingerprint -sha256</pre>
<p>The last line must say <code>${escapeHtml(fingerprint.replace(/^SHA256:/, ''))}</code>.
podman, buildah and skopeo read the same folder. <a href="/setup">Other clients, and a script that does it</a>.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dockgate at ${safe}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #1c2733; background: #fff }
pre { background: #eef2f6; padding: .8rem 1rem; overflow-x: auto }
code { overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #dce3ea; background: #12181f } pre { background: #1d2731 } a { color: #7db7ff } }
</style>
</head>
<body>
<h1>${safe}</h1>
<p>A container registry: one hostname, no port, for login, push and pull.</p>
${trust}
<h2>Use</h2>
<pre>docker login ${safe}
docker tag IMAGE ${safe}/IMAGE
docker push ${safe}/IMAGE
docker pull ${safe}/IMAGE</pre>
</body>
</html>
`;
}
