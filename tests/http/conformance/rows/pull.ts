import { may, must, paragraph, should, type Row, type Sentence } from '../../../support/conformance/row.ts';

/** Kinds of manifest that are returned as they came: what they are, the document, its type. */
const kinds: readonly (readonly [string, string, string])[] = [
  ['an OCI image', 'image', 'application/vnd.oci.image.manifest.v1+json'],
  ['an OCI image without a mediaType of its own', 'bare', 'application/vnd.oci.image.manifest.v1+json'],
  ['an OCI index', 'index', 'application/vnd.oci.image.index.v1+json'],
  ['an index of an index', 'nested index', 'application/vnd.oci.image.index.v1+json'],
  ['an empty index', 'empty index', 'application/vnd.oci.image.index.v1+json'],
  ['a Docker image', 'docker image', 'application/vnd.docker.distribution.manifest.v2+json'],
  ['a Docker manifest list', 'docker list', 'application/vnd.docker.distribution.manifest.list.v2+json'],
  ['an image with zstd layers', 'zstd image', 'application/vnd.oci.image.manifest.v1+json'],
  ['an image with uncompressed layers', 'uncompressed image', 'application/vnd.oci.image.manifest.v1+json'],
  [
    'an image with layers that live elsewhere',
    'nondistributable image',
    'application/vnd.oci.image.manifest.v1+json',
  ],
  [
    'a Docker image with foreign layers',
    'foreign image',
    'application/vnd.docker.distribution.manifest.v2+json',
  ],
  ['an image without layers', 'image without layers', 'application/vnd.oci.image.manifest.v1+json'],
  ['an image whose layer has no bytes', 'image of nothing', 'application/vnd.oci.image.manifest.v1+json'],
  ['an image with data in a descriptor', 'image with data', 'application/vnd.oci.image.manifest.v1+json'],
  ['an image with unknown fields', 'image with own fields', 'application/vnd.oci.image.manifest.v1+json'],
  ['an artifact', 'artifact', 'application/vnd.oci.image.manifest.v1+json'],
  ['an artifact without layers', 'artifact without layers', 'application/vnd.oci.image.manifest.v1+json'],
  ['a Helm chart', 'chart', 'application/vnd.oci.image.manifest.v1+json'],
  ['an artifact with a subject', 'signature', 'application/vnd.oci.image.manifest.v1+json'],
  ['an index with a subject', 'typed index of proofs', 'application/vnd.oci.image.index.v1+json'],
  ['an artifact whose subject is not there', 'orphan', 'application/vnd.oci.image.manifest.v1+json'],
  ['a manifest of nearly 4 MiB', 'large image', 'application/vnd.oci.image.manifest.v1+json'],
];

const returned = ([what, document, type]: (typeof kinds)[number]): Sentence =>
  must(
    `give ${what} by tag and by digest, byte for byte`,
    [`${document}:v1`],
    `
    > GET /v2/<name>/manifests/v1
    > Accept: ${type}
    < 200
    < Content-Type: ${type}
    < Content-Length: <size of ${document}>
    < Docker-Content-Digest: <digest of ${document}>
    <
    < <bytes of ${document}>
    > GET /v2/<name>/manifests/<digest of ${document}>
    > Accept: ${type}
    < 200
    < Content-Type: ${type}
    < Content-Length: <size of ${document}>
    < Docker-Content-Digest: <digest of ${document}>
    <
    < <bytes of ${document}>
  `,
  );

/** end-3. */
const manifests = paragraph('Pulling manifests', [
  ...kinds.map(returned),
  must(
    'give the children of an index by digest',
    ['index:v1'],
    `
    > GET /v2/<name>/manifests/<digest of image2>
    < 200
    < Content-Type: application/vnd.oci.image.manifest.v1+json
    <
    < <bytes of image2>
  `,
  ),
  should(
    'give what there is whatever Accept says, several lines of it or none',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/v1
    > Accept: application/vnd.docker.distribution.manifest.v2+json
    > Accept: text/html, */*;q=0.1
    < 200
    < Content-Type: application/vnd.oci.image.manifest.v1+json
    > GET /v2/<name>/manifests/v1
    < 200
    < Content-Type: application/vnd.oci.image.manifest.v1+json
  `,
  ),
  must(
    'a tag that is not there is 404',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/v2
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a digest that is not there is 404',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/<digest of nothing>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a manifest of another name is 404',
    ['image:v1'],
    `
    > GET /v2/<other>/manifests/<digest of image>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a blob is no manifest',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/<digest of hello>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
    { 'proxy of docker-registry': 'it answers 500' },
  ),
  must(
    'a manifest of a name that is not there is 404',
    [],
    `
    > GET /v2/<name>/manifests/v1
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a reference is a digest or a tag and nothing else',
    [],
    `
    > GET /v2/<name>/manifests/sha256:baddigeststring
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/manifests/md5:d41d8cd98f00b204e9800998ecf8427e
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/manifests/.hidden
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
    > GET /v2/<name>/manifests/${'t'.repeat(129)}
    < 404
    <
    < {"errors":[{"code":"MANIFEST_UNKNOWN"}]}
  `,
  ),
  must(
    'a tag has up to 128 letters, digits, dots, dashes and underscores',
    [`image:_${'Tt.-_9'.repeat(21)}t`],
    `
    > GET /v2/<name>/manifests/_${'Tt.-_9'.repeat(21)}t
    < 200
  `,
  ),
  must(
    'a name matches the expression',
    [],
    `
    > GET /v2/UPPER/manifests/v1
    < 400
    <
    < {"errors":[{"code":"NAME_INVALID"}]}
    > GET /v2/-a/manifests/v1
    < 400
    > GET /v2/a..b/manifests/v1
    < 400
    > GET /v2/a___b/manifests/v1
    < 400
    > GET /v2/a//b/manifests/v1
    < 400
    > GET /v2/a/b-/manifests/v1
    < 400
  `,
  ),
  must(
    'a name has letters, digits, and . _ __ - between them',
    ['other image:v1'],
    `
    > GET /v2/<other>/manifests/v1
    < 200
  `,
  ),
  should(
    'a name and its host have at most 255 characters',
    [],
    `
    > GET /v2/${'n'.repeat(254)}/manifests/v1
    < 400
    <
    < {"errors":[{"code":"NAME_INVALID"}]}
  `,
  ),
]);

/** end-2. */
const blobs = paragraph('Pulling blobs', [
  must(
    'give an existing blob',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    < Content-Length: 5
    < Content-Type: application/octet-stream
    < Docker-Content-Digest: <digest of hello>
    < Accept-Ranges: bytes
    < Content-Encoding: -
    <
    < hello
  `,
  ),
  must(
    'give a blob of no bytes',
    ['image of nothing:v1'],
    `
    > GET /v2/<name>/blobs/<digest of nothing>
    < 200
    < Content-Length: 0
    < Docker-Content-Digest: <digest of nothing>
    <
    <
  `,
  ),
  must(
    'give a config',
    ['artifact:v1'],
    `
    > GET /v2/<name>/blobs/<digest of {}>
    < 200
    < Content-Length: 2
    <
    < = {}
  `,
  ),
  should(
    'never compress',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Accept-Encoding: gzip, br, zstd
    < 200
    < Content-Length: 5
    < Content-Encoding: -
    <
    < hello
  `,
  ),
  must(
    'a blob that is not there is 404',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of absent>
    < 404
    <
    < {"errors":[{"code":"BLOB_UNKNOWN"}]}
  `,
  ),
  must(
    'a blob of another name is 404',
    ['image:v1'],
    `
    > GET /v2/<other>/blobs/<digest of hello>
    < 404
    <
    < {"errors":[{"code":"BLOB_UNKNOWN"}]}
  `,
  ),
  must(
    'a layer that lives elsewhere is 404',
    ['nondistributable image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of far>
    < 404
    <
    < {"errors":[{"code":"BLOB_UNKNOWN"}]}
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > GET /v2/<name>/blobs/v1
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/blobs/sha256:abc
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/blobs/sha256:${'A'.repeat(64)}
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
  `,
  ),
]);

/** RFC 9110 14, which "Pulling blobs" says a registry SHOULD support. */
const ranges = paragraph('Pulling blobs: Range (RFC 9110 14)', [
  should(
    'first and last byte',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=1-3
    < 206
    < Content-Range: bytes 1-3/5
    < Content-Length: 3
    < Docker-Content-Digest: <digest of hello>
    <
    < ell
  `,
  ),
  should(
    'one byte',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=0-0
    < 206
    < Content-Range: bytes 0-0/5
    < Content-Length: 1
    <
    < h
  `,
  ),
  should(
    'from a byte on, as a client resumes',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=2-
    < 206
    < Content-Range: bytes 2-4/5
    < Content-Length: 3
    <
    < llo
  `,
  ),
  should(
    'the last bytes',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=-2
    < 206
    < Content-Range: bytes 3-4/5
    < Content-Length: 2
    <
    < lo
  `,
  ),
  should(
    'more last bytes than there are',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=-9
    < 206
    < Content-Range: bytes 0-4/5
    <
    < hello
  `,
  ),
  should(
    'a last byte beyond the end',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=3-500
    < 206
    < Content-Range: bytes 3-4/5
    < Content-Length: 2
    <
    < lo
  `,
  ),
  should(
    'a range outside is 416 and says how much there is',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=5-9
    < 416
    < Content-Range: bytes */5
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=5000-
    < 416
    < Content-Range: bytes */5
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=-0
    < 416
    < Content-Range: bytes */5
  `,
  ),
  may(
    'a last byte before the first is rejected',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=4-1
    < 416
    < Content-Range: bytes */5
  `,
  ),
  must(
    'any range of no bytes is 416',
    ['image of nothing:v1'],
    `
    > GET /v2/<name>/blobs/<digest of nothing>
    > Range: bytes=0-
    < 416
    < Content-Range: bytes */0
  `,
  ),
  may(
    'several ranges are the whole',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=0-1,3-4
    < 200
    < Content-Length: 5
    < Content-Range: -
    <
    < hello
  `,
  ),
  must(
    'another unit is ignored',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: pages=1-2
    < 200
    <
    < hello
  `,
  ),
  may(
    'what is no range is ignored',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=a-b
    < 200
    <
    < hello
  `,
  ),
  must(
    'HEAD has no ranges (14.2)',
    ['image:v1'],
    `
    > HEAD /v2/<name>/blobs/<digest of hello>
    > Range: bytes=1-3
    < 200
    < Content-Length: 5
    < Content-Range: -
    > HEAD /v2/<name>/blobs/<digest of hello>
    > Range: bytes=50-
    < 200
    < Content-Length: 5
  `,
  ),
  must(
    'If-Range of these bytes keeps the range (13.1.5)',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=1-3
    > If-Range: "<digest of hello>"
    < 206
    <
    < ell
  `,
  ),
  must(
    'If-Range of other bytes drops it',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=1-3
    > If-Range: "<digest of other>"
    < 200
    <
    < hello
  `,
  ),
  must(
    'If-Range with a weak tag drops it',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    > Range: bytes=1-3
    > If-Range: W/"<digest of hello>"
    < 200
    <
    < hello
  `,
  ),
  must(
    'a range of what is not there is 404',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of absent>
    > Range: bytes=0-1
    < 404
  `,
  ),
]);

/** HEAD beside every GET of the suite is compared too; here are its own words. */
const checking = paragraph('Checking if content exists in the registry', [
  must(
    'HEAD of a manifest is 200 with its length and digest',
    ['image:v1'],
    `
    > HEAD /v2/<name>/manifests/v1
    < 200
    < Content-Length: <size of image>
    < Content-Type: application/vnd.oci.image.manifest.v1+json
    < Docker-Content-Digest: <digest of image>
    > HEAD /v2/<name>/manifests/<digest of image>
    < 200
    < Content-Length: <size of image>
    < Docker-Content-Digest: <digest of image>
  `,
  ),
  must(
    'HEAD of a blob is 200 with its length and digest',
    ['image:v1'],
    `
    > HEAD /v2/<name>/blobs/<digest of hello>
    < 200
    < Content-Length: 5
    < Docker-Content-Digest: <digest of hello>
  `,
  ),
  must(
    'HEAD of a blob of no bytes is 200',
    ['image of nothing:v1'],
    `
    > HEAD /v2/<name>/blobs/<digest of nothing>
    < 200
    < Content-Length: 0
  `,
  ),
  must(
    'HEAD of what is not there is 404',
    ['image:v1'],
    `
    > HEAD /v2/<name>/manifests/v2
    < 404
    > HEAD /v2/<name>/manifests/<digest of nothing>
    < 404
    > HEAD /v2/<name>/blobs/<digest of absent>
    < 404
    > HEAD /v2/<other>/blobs/<digest of hello>
    < 404
  `,
  ),
]);

const conditions = paragraph('Conditional requests (RFC 9110 13)', [
  should(
    'a manifest has an ETag, and who has it already gets 304',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/v1
    < 200
    < ETag: "<digest of image>"
    > GET /v2/<name>/manifests/v1
    > If-None-Match: "<digest of image>"
    < 304
    < ETag: "<digest of image>"
    < Docker-Content-Digest: <digest of image>
    < Content-Length: -
    > GET /v2/<name>/manifests/<digest of image>
    > If-None-Match: W/"x", W/"<digest of image>"
    < 304
    > GET /v2/<name>/manifests/v1
    > If-None-Match: *
    < 304
    > GET /v2/<name>/manifests/v1
    > If-None-Match: "<digest of image2>"
    < 200
    <
    < <bytes of image>
  `,
  ),
  should(
    'a blob has an ETag, and who has it already gets 304',
    ['image:v1'],
    `
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    < ETag: "<digest of hello>"
    > GET /v2/<name>/blobs/<digest of hello>
    > If-None-Match: "<digest of hello>"
    < 304
    < ETag: "<digest of hello>"
    > GET /v2/<name>/blobs/<digest of hello>
    > If-None-Match: "<digest of hello>"
    > Range: bytes=1-3
    < 304
    > GET /v2/<name>/blobs/<digest of hello>
    > If-None-Match: "<digest of other>"
    < 200
  `,
  ),
  must(
    'what is not there is 404 under any condition',
    ['image:v1'],
    `
    > GET /v2/<name>/manifests/v2
    > If-None-Match: *
    < 404
    > GET /v2/<name>/blobs/<digest of absent>
    > If-None-Match: "<digest of absent>"
    < 404
  `,
  ),
]);

export const pull: readonly Row[] = [...manifests, ...blobs, ...ranges, ...checking, ...conditions];
