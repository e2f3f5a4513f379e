import { must, paragraph, type Row } from '../../../support/conformance/row.ts';

/** end-9 by tag. */
const tags = paragraph('Deleting tags', [
  must(
    'a tag is 202, and then 404, and what it named stays',
    ['image:v1', 'image:v2'],
    `
    > DELETE /v2/<name>/manifests/v1
    < 202
    > GET /v2/<name>/manifests/v1
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
    > GET /v2/<name>/manifests/v2
    < 200
    > GET /v2/<name>/manifests/<digest of image>
    < 200
    <
    < <bytes of image>
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":["v2"]}
  `,
  ),
  must(
    'the last tag of a manifest leaves it',
    ['image:v1'],
    `
    > DELETE /v2/<name>/manifests/v1
    < 202
    > GET /v2/<name>/manifests/<digest of image>
    < 200
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":[]}
  `,
  ),
  must(
    'a tag that is not there is 404',
    ['image:v1'],
    `
    > DELETE /v2/<name>/manifests/v2
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
    > DELETE /v2/<other>/manifests/v1
    < 404
  `,
  ),
  must(
    'a tag can be pushed again',
    ['image:v1'],
    `
    > DELETE /v2/<name>/manifests/v1
    < 202
    > PUT /v2/<name>/manifests/v1
    > Content-Type: application/vnd.oci.image.manifest.v1+json
    >
    > <bytes of image>
    < 201
    > GET /v2/<name>/manifests/v1
    < 200
  `,
  ),
]);

/** end-9 by digest. */
const manifests = paragraph('Deleting Manifests', [
  must(
    'a manifest is 202, and then it and all its tags are 404',
    ['image:v1', 'image:v2', 'image2:v3'],
    `
    > DELETE /v2/<name>/manifests/<digest of image>
    < 202
    > GET /v2/<name>/manifests/<digest of image>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
    > GET /v2/<name>/manifests/v1
    < 404
    > GET /v2/<name>/manifests/v2
    < 404
    > GET /v2/<name>/manifests/v3
    < 200
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":["v3"]}
  `,
  ),
  must(
    'a manifest that is not there is 404',
    ['image:v1'],
    `
    > DELETE /v2/<name>/manifests/<digest of image2>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a name that is not there is 404',
    [],
    `
    > DELETE /v2/<name>/manifests/<digest of image>
    < 404
    > DELETE /v2/<name>/manifests/v1
    < 404
  `,
  ),
  must(
    'the same manifest under another name stays',
    ['image:v1', 'other image:v1'],
    `
    > DELETE /v2/<name>/manifests/<digest of image>
    < 202
    > GET /v2/<other>/manifests/v1
    < 200
    <
    < <bytes of image>
    > GET /v2/<other>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > DELETE /v2/<name>/manifests/sha256:baddigeststring
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
  `,
  ),
  must(
    'a referrer that is gone is no longer listed',
    ['image:v1', 'signature'],
    `
    > DELETE /v2/<name>/manifests/<digest of signature>
    < 202
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[]}
  `,
  ),
  must(
    'an index goes without its children',
    ['index:v1'],
    `
    > DELETE /v2/<name>/manifests/<digest of index>
    < 202
    > GET /v2/<name>/manifests/v1
    < 404
    > GET /v2/<name>/manifests/<digest of image>
    < 200
  `,
  ),
]);

/** end-10. */
const blobs = paragraph('Deleting Blobs', [
  must(
    'a blob is 202, and then 404',
    ['blob hello'],
    `
    > DELETE /v2/<name>/blobs/<digest of hello>
    < 202
    > GET /v2/<name>/blobs/<digest of hello>
    < 404
    <
    < {"errors":[{"code":"BLOB_UNKNOWN"}]}
  `,
  ),
  must(
    'a blob of a manifest too',
    ['image:v1'],
    `
    > DELETE /v2/<name>/blobs/<digest of hello>
    < 202
    > GET /v2/<name>/blobs/<digest of hello>
    < 404
  `,
  ),
  must(
    'a blob that is not there is 404',
    ['blob hello'],
    `
    > DELETE /v2/<name>/blobs/<digest of absent>
    < 404
    <
    < {"errors":[{"code":"BLOB_UNKNOWN"}]}
    > DELETE /v2/<other>/blobs/<digest of hello>
    < 404
  `,
  ),
  must(
    'the same blob under another name stays',
    ['blob hello', 'other blob hello'],
    `
    > DELETE /v2/<name>/blobs/<digest of hello>
    < 202
    > GET /v2/<other>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > DELETE /v2/<name>/blobs/hello
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
  `,
  ),
  must(
    'a blob can be pushed again',
    ['blob hello'],
    `
    > DELETE /v2/<name>/blobs/<digest of hello>
    < 202
    > POST /v2/<name>/blobs/uploads/?digest=<digest of hello>
    >
    > hello
    < 201
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
]);

export const management: readonly Row[] = [...tags, ...manifests, ...blobs];
