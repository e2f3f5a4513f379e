import { may, must, paragraph, should, type Row } from '../../../support/conformance/row.ts';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** end-7. */
const manifests = paragraph('Pushing Manifests', [
  must(
    'a manifest by tag is 201 with a location where it can be pulled',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    < Location: <manifest>
    < Docker-Content-Digest: <sha256 of image>
    < OCI-Subject: -
    < OCI-Tag: -
    > GET <manifest>
    < 200
    < Content-Type: ${ociManifest}
    < Docker-Content-Digest: <sha256 of image>
    <
    < <bytes of image>
    > GET /v2/<name>/manifests/v1
    < 200
    <
    < <bytes of image>
  `,
  ),
  must(
    'a manifest by digest is 201, and has no tag',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of image>
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    < Location: <manifest>
    < Docker-Content-Digest: <digest of image>
    > GET <manifest>
    < 200
    <
    < <bytes of image>
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":[]}
  `,
  ),
  must(
    'bytes are stored as they came, unknown fields, spaces and numbers',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image with own fields>
    < 201
    < Docker-Content-Digest: <sha256 of image with own fields>
    > GET /v2/<name>/manifests/v1
    < 200
    < Content-Length: <size of image with own fields>
    <
    < <bytes of image with own fields>
  `,
  ),
  must(
    'a body without a length is taken',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    > Transfer-Encoding: chunked
    >
    > <bytes of image>
    < 201
  `,
  ),
  should(
    'parameters of the type are ignored, and not given back',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}; charset=utf-8
    >
    > <bytes of image>
    < 201
    > GET /v2/<name>/manifests/v1
    < 200
    < Content-Type: ${ociManifest}
  `,
  ),
  must(
    'a type that is not the one in the manifest is 400',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociIndex}
    >
    > <bytes of image>
    < 400
    <
    < {"errors":[{"code":"MANIFEST_INVALID"}]}
    > GET /v2/<name>/manifests/v1
    < 404
  `,
  ),
  must(
    'what is an image and an index is 400',
    ['blob {"os":"linux"}'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of both image and index>
    < 400
    <
    < {"errors":[{"code":"MANIFEST_INVALID"}]}
  `,
  ),
  must(
    'what is no JSON, or no manifest, is 400',
    [],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > blablabla
    < 400
    <
    < {"errors":[{"code":"MANIFEST_INVALID"}]}
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > []
    < 400
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > {"schemaVersion":2}
    < 400
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    < 400
    > PUT /v2/<name>/manifests/v1
    > Content-Type: text/plain
    >
    > {"schemaVersion":2}
    < 400
    <
    < {"errors":[{"code":"MANIFEST_INVALID"}]}
  `,
  ),
  must(
    'other bytes than those of the digest are 400',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of image2>
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/manifests/<digest of image2>
    < 404
    > GET /v2/<name>/manifests/<digest of image>
    < 404
  `,
  ),
  must(
    'what is neither tag nor digest is 400',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/sha256:baddigeststring
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > PUT /v2/<name>/manifests/-v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 400
    <
    < {"errors":[{"code":"NAME_INVALID"}]}
    > PUT /v2/<name>/manifests/${'t'.repeat(129)}
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 400
  `,
  ),
  must(
    'blobs that are not there are each named',
    ['blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image2>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}
    > GET /v2/<name>/manifests/v1
    < 404
  `,
  ),
  must(
    'children of an index that are not there are named',
    ['image'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociIndex}
    >
    > <bytes of index>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","detail":[{"digest":"<digest of image2>"}]}]}
  `,
  ),
  must(
    'layers that live elsewhere need not be there',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of nondistributable image>
    < 201
  `,
  ),
  must(
    'the list of blobs may be empty',
    ['blob {"os":"linux"}'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image without layers>
    < 201
    > PUT /v2/<name>/manifests/v2
    > Content-Type: ${ociIndex}
    >
    > <bytes of empty index>
    < 201
  `,
  ),
  should(
    '4 MiB are taken',
    ['blob {"os":"linux"}'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of large image>
    < 201
  `,
  ),
  should(
    'more is 413',
    ['blob {"os":"linux"}'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of too large image>
    < 413
    <
    < {"errors":[{"code":"SIZE_INVALID"}]}
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    > Transfer-Encoding: chunked
    >
    > <bytes of too large image>
    < 413
    > GET /v2/<name>/manifests/v1
    < 404
  `,
  ),
  must(
    'a tag moves to what is pushed last',
    ['image:v1', 'image2'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image2>
    < 201
    > GET /v2/<name>/manifests/v1
    < 200
    <
    < <bytes of image2>
    > GET /v2/<name>/manifests/<digest of image>
    < 200
    <
    < <bytes of image>
  `,
  ),
  must(
    'what is there already is taken again',
    ['image:v1'],
    `
    > PUT /v2/<name>/manifests/<digest of image>
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
  `,
  ),
  should(
    'without a type the one in the manifest counts',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    >
    > <bytes of image>
    < 201
    > GET /v2/<name>/manifests/v1
    < 200
    < Content-Type: ${ociManifest}
  `,
  ),
]);

/** In the text that follows 1.1.1. */
const tags = paragraph('Pushing Manifests: tag parameters', [
  must(
    'a digest and several tags are 201 with an OCI-Tag for each',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of image>?tag=v1&tag=v1.0&tag=latest
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    < Location: /v2/<name>/manifests/<digest of image>
    < Docker-Content-Digest: <digest of image>
    < OCI-Tag: v1
    < OCI-Tag: v1.0
    < OCI-Tag: latest
    > GET /v2/<name>/manifests/v1.0
    < 200
    < Docker-Content-Digest: <digest of image>
    <
    < <bytes of image>
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":["latest","v1","v1.0"]}
  `,
  ),
  must(
    'ten tags at once are taken',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of image>?tag=a&tag=b&tag=c&tag=d&tag=e&tag=f&tag=g&tag=h&tag=i&tag=j
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":["a","b","c","d","e","f","g","h","i","j"]}
  `,
  ),
  must(
    'a tag that is none is 400, and nothing is stored',
    ['blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of image>?tag=v1&tag=-x
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 400
    > GET /v2/<name>/manifests/<digest of image>
    < 404
    > GET /v2/<name>/manifests/v1
    < 404
  `,
  ),
]);

const subjects = paragraph('Pushing Manifests with Subject', [
  must(
    'OCI-Subject says that the subject was seen',
    ['image:v1', 'blob {}'],
    `
    > PUT /v2/<name>/manifests/<digest of signature>
    > Content-Type: ${ociManifest}
    >
    > <bytes of signature>
    < 201
    < OCI-Subject: <digest of image>
    > PUT /v2/<name>/manifests/by-tag
    > Content-Type: ${ociManifest}
    >
    > <bytes of signature>
    < 201
    < OCI-Subject: <digest of image>
  `,
  ),
  must(
    'the subject of an index too',
    ['image:v1'],
    `
    > PUT /v2/<name>/manifests/<digest of index of proofs>
    > Content-Type: ${ociIndex}
    >
    > <bytes of index of proofs>
    < 201
    < OCI-Subject: <digest of image>
  `,
  ),
  must(
    'a subject that is not there is taken',
    ['blob {}'],
    `
    > PUT /v2/<name>/manifests/<digest of orphan>
    > Content-Type: ${ociManifest}
    >
    > <bytes of orphan>
    < 201
    < OCI-Subject: <digest of a manifest that nobody has>
    > GET /v2/<name>/manifests/<digest of orphan>
    < 200
    <
    < <bytes of orphan>
  `,
  ),
]);

/** Words that belong to no table above but that a suite of the time checks. */
const order = paragraph('Push', [
  may(
    'a manifest is refused until all that it references is there',
    ['blob hello'],
    `
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 404
    <
    < {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}
    > POST /v2/<name>/blobs/uploads/?digest=<digest of {"os":"linux"}>
    >
    > {"os":"linux"}
    < 201
    > PUT /v2/<name>/manifests/v1
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
  `,
  ),
  must(
    'a referrer may come before its subject',
    ['blob {}', 'blob {"os":"linux"}', 'blob hello'],
    `
    > PUT /v2/<name>/manifests/<digest of signature>
    > Content-Type: ${ociManifest}
    >
    > <bytes of signature>
    < 201
    > PUT /v2/<name>/manifests/<digest of image>
    > Content-Type: ${ociManifest}
    >
    > <bytes of image>
    < 201
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[{"digest":"<digest of signature>"}]}
  `,
  ),
]);

export const pushManifests: readonly Row[] = [...manifests, ...tags, ...subjects, ...order];
