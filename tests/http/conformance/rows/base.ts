import { may, must, paragraph, should, type Row } from '../../../support/conformance/row.ts';

/** end-1, and what anonymous callers and unknown places are told. */
export const base: readonly Row[] = [
  ...paragraph('Determining Support', [
    must(
      'GET /v2/ says that the specification is implemented',
      [],
      `
      > GET /v2/
      < 200
      < Docker-Distribution-Api-Version: registry/2.0
      < Content-Type: application/json
      <
      < = {}
    `,
    ),
    may(
      'GET /v2/ asks who it is',
      [],
      `
      > GET /v2/
      > Authorization: -
      < 401
      < WWW-Authenticate: /^Bearer realm="[^"]+/v2/token",service="[^"]+"$/
      <
      < {"errors":[{"code":"UNAUTHORIZED"}]}
    `,
    ),
  ]),

  ...paragraph('Endpoints', [
    may(
      'what needs credentials says which scope it needs',
      [],
      `
      > GET /v2/<name>/tags/list
      > Authorization: -
      < 401
      < WWW-Authenticate: /,scope="repository:<name>:pull"$/
      <
      < {"errors":[{"code":"UNAUTHORIZED"}]}
    `,
    ),
    should(
      'an endpoint that there is not is 404',
      [],
      `
      > GET /v2/<name>/layers/v1
      < 404
      <
      < {"errors":[{"code":"UNSUPPORTED"}]}
    `,
    ),
    should(
      'a method that an endpoint has not is 405 and Allow names those it has',
      [],
      `
      > POST /v2/<name>/tags/list
      < 405
      < Allow: GET, HEAD
      <
      < {"errors":[{"code":"UNSUPPORTED"}]}
      > PATCH /v2/<name>/manifests/v1
      < 405
      < Allow: GET, HEAD, PUT, DELETE
      > PUT /v2/<name>/blobs/uploads/
      < 405
      < Allow: POST
      > PUT /v2/<name>/blobs/<digest of hello>
      < 405
      < Allow: GET, HEAD, DELETE
      > POST /v2/<name>/blobs/uploads/some-session
      < 405
      < Allow: GET, HEAD, PATCH, PUT, DELETE
      > DELETE /v2/<name>/referrers/<digest of image>
      < 405
      < Allow: GET, HEAD
      > DELETE /v2/
      < 405
      < Allow: GET, HEAD
    `,
    ),
  ]),

  ...paragraph('Error Codes', [
    must(
      'a body in JSON has errors, each with one of the codes',
      [],
      `
      > GET /v2/<name>/manifests/nowhere
      < 404
      < Content-Type: application/json
      <
      < = {"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"name":"<name>","tag":"nowhere"}}]}
    `,
    ),
    must(
      'a broken percent-encoding is 400',
      [],
      `
      > GET /v2/%zz/tags/list
      < 400
      <
      < {"errors":[{"code":"NAME_INVALID"}]}
    `,
    ),
    must(
      'encoded slashes and letters are those they stand for',
      ['image:v1'],
      `
      > GET /v2/<name>%2Fmanifests/v1
      < 200
      > GET /v2/<name>/manifests/%761
      < 200
      <
      < <bytes of image>
    `,
    ),
    must(
      'dot segments lead nowhere',
      [],
      `
      > GET /v2/<name>/../secret/tags/list
      < 400
      > GET /v2/<name>/blobs/..%2f..%2fetc%2fpasswd
      < 404
      > GET /v2/<name>/manifests/..
      < 404
      > GET /v2/<name>/blobs/..
      < 400
      > GET /v2/<name>/manifests/%00
      < 404
    `,
    ),
  ]),
];
