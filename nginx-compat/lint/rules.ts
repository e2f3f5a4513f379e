import type { Rule } from './rule.ts';
import { balancedSessions } from './rules/balanced-sessions.ts';
import { basicAuth } from './rules/basic-auth.ts';
import { bodySize } from './rules/body-size.ts';
import { buffering } from './rules/buffering.ts';
import { certificates } from './rules/certificates.ts';
import { chunkedEncoding } from './rules/chunked-encoding.ts';
import { compression } from './rules/compression.ts';
import { doubleSlashes } from './rules/double-slashes.ts';
import { forwardedProto } from './rules/forwarded-proto.ts';
import { headSplit } from './rules/head-split.ts';
import { headerBuffers } from './rules/header-buffers.ts';
import { hostHeader } from './rules/host-header.ts';
import { httpVersion } from './rules/http-version.ts';
import { ifTraps } from './rules/if-traps.ts';
import { interceptedErrors } from './rules/intercepted-errors.ts';
import { methodSplit } from './rules/method-split.ts';
import { paths } from './rules/paths.ts';
import { plainHttp } from './rules/plain-http.ts';
import { proxiedPath } from './rules/proxied-path.ts';
import { proxyCache } from './rules/proxy-cache.ts';
import { redirects } from './rules/redirects.ts';
import { refusedMethods } from './rules/refused-methods.ts';
import { resolver } from './rules/resolver.ts';
import { shortTimeouts } from './rules/timeouts.ts';
import { tlsVersions } from './rules/tls-versions.ts';
import { undecidable } from './rules/undecidable.ts';
import { uploadSession } from './rules/upload-session.ts';
import { versionHeader } from './rules/version-header.ts';

/** Every rule: where requests go, as what they arrive, limits, TLS, and what nginx does besides. */
export const rules: readonly Rule[] = [
  methodSplit,
  headSplit,
  uploadSession,
  balancedSessions,
  refusedMethods,
  paths,
  proxiedPath,
  resolver,
  undecidable,
  ifTraps,
  doubleSlashes,
  forwardedProto,
  hostHeader,
  redirects,
  bodySize,
  buffering,
  httpVersion,
  chunkedEncoding,
  shortTimeouts,
  headerBuffers,
  certificates,
  tlsVersions,
  plainHttp,
  basicAuth,
  interceptedErrors,
  proxyCache,
  compression,
  versionHeader,
];
