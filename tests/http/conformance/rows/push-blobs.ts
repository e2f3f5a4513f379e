import { may, must, paragraph, should, type Row } from '../../../support/conformance/row.ts';

const location = '/^/v2/<name>/blobs/uploads/[^/]*[0-9a-f]{8}-[0-9a-f-]{27}/';

/** end-4a and end-6. */
const postThenPut = paragraph('POST then PUT', [
  must(
    'a session is 202 with a location that has a UUID',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: ${location}
    < Docker-Upload-UUID: /^[0-9a-f]{8}-[0-9a-f-]{27}$/
    < Range: 0-0
    < Content-Length: 0
  `,
  ),
  must(
    'each session has a location of its own',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <first>
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <second>
    > PUT <first>?digest=<digest of one>
    >
    > one
    < 201
    > PUT <second>?digest=<digest of two>
    >
    > two
    < 201
  `,
  ),
  must(
    'the blob is 201 with a location where it can be pulled',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    > Content-Type: application/octet-stream
    > Content-Length: 5
    >
    > hello
    < 201
    < Location: <blob>
    < Docker-Content-Digest: <digest of hello>
    > GET <blob>
    < 200
    < Content-Length: 5
    <
    < hello
  `,
  ),
  must(
    'a body without a length is taken',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    > Transfer-Encoding: chunked
    >
    > hello
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
  `,
  ),
  must(
    'a blob of no bytes is taken',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of nothing>
    > Content-Length: 0
    < 201
    < Location: <blob>
    > GET <blob>
    < 200
    < Content-Length: 0
    <
    <
  `,
  ),
  must(
    'a blob that is there already is taken again',
    ['blob hello'],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    >
    > hello
    < 201
  `,
  ),
  must(
    'other bytes than those of the digest are 400, and the bytes are dropped',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    >
    > hullo
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > HEAD /v2/<name>/blobs/<digest of hello>
    < 404
    > HEAD /v2/<name>/blobs/<digest of hullo>
    < 404
    > PUT <upload>?digest=<digest of hullo>
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
  `,
  ),
  must(
    'what is no digest is 400, and the session goes on',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=sha256:totallywrong
    >
    > hello
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > PUT <upload>
    >
    > hello
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > PUT <upload>?digest=<digest of hello>
    >
    > hello
    < 201
  `,
  ),
  must(
    'a session that is not there is 404',
    [],
    `
    > PUT /v2/<name>/blobs/uploads/00000000-0000-0000-0000-000000000000?digest=<digest of hello>
    >
    > hello
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
    > PUT /v2/<name>/blobs/uploads/..%2f..%2fx?digest=<digest of hello>
    >
    > hello
    < 404
  `,
  ),
  must(
    'a session of another name is 404',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: *
    < Docker-Upload-UUID: <id>
    > PUT /v2/<other>/blobs/uploads/<id>?digest=<digest of hello>
    >
    > hello
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
  `,
  ),
  must(
    'a session ends with its PUT',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    >
    > hello
    < 201
    > PATCH <upload>
    >
    > more
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
    > PUT <upload>?digest=<digest of hello>
    < 404
    > GET <upload>
    < 404
    > DELETE <upload>
    < 404
  `,
  ),
  must(
    'a name that is none is 400',
    [],
    `
    > POST /v2/<name>/UPPER/blobs/uploads/
    < 400
    <
    < {"errors":[{"code":"NAME_INVALID"}]}
  `,
  ),
  may(
    'the algorithm of the digest to come may be told',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?digest-algorithm=sha512
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<sha512 of hello>
    >
    > hello
    < 201
    < Docker-Content-Digest: <sha512 of hello>
  `,
  ),
  must(
    'the slash at the end of the path may be missing',
    [],
    `
    > POST /v2/<name>/blobs/uploads
    < 202
    < Location: ${location}
  `,
  ),
]);

/** end-4b. */
const singlePost = paragraph('Single POST', [
  must(
    'the blob is 201 with a location where it can be pulled',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?digest=<digest of hello>
    > Content-Type: application/octet-stream
    > Content-Length: 5
    >
    > hello
    < 201
    < Location: <blob>
    < Docker-Content-Digest: <digest of hello>
    > GET <blob>
    < 200
    <
    < hello
  `,
  ),
  must(
    'a blob of no bytes is taken',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?digest=<digest of nothing>
    > Content-Length: 0
    < 201
    < Location: /v2/<name>/blobs/<digest of nothing>
    > HEAD /v2/<name>/blobs/<digest of nothing>
    < 200
    < Content-Length: 0
  `,
  ),
  must(
    'other bytes than those of the digest are 400',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?digest=<digest of hello>
    >
    > hullo
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > HEAD /v2/<name>/blobs/<digest of hello>
    < 404
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?digest=hello
    >
    > hello
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
  `,
  ),
]);

/** end-5, end-6 and end-13. */
const chunks = paragraph('Pushing a blob in chunks', [
  must(
    'each chunk is 202 with a location and a range, and PUT closes the session',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    > Content-Length: 0
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Type: application/octet-stream
    > Content-Range: 0-2
    > Content-Length: 3
    >
    > hel
    < 202
    < Location: <upload>
    < Range: 0-2
    < Docker-Upload-UUID: *
    > PATCH <upload>
    > Content-Type: application/octet-stream
    > Content-Range: 3-4
    > Content-Length: 2
    >
    > lo
    < 202
    < Location: <upload>
    < Range: 0-4
    > PUT <upload>?digest=<digest of hello>
    > Content-Length: 0
    < 201
    < Location: <blob>
    < Docker-Content-Digest: <digest of hello>
    > GET <blob>
    < 200
    <
    < hello
  `,
  ),
  may(
    'the last chunk comes with the PUT',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    > Content-Length: 0
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-2
    >
    > hel
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    > Content-Range: 3-4
    > Content-Type: application/octet-stream
    >
    > lo
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
  may(
    'the last chunk comes with the PUT and without a Content-Range',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    >
    > hel
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    >
    > lo
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
  `,
  ),
  must(
    'a chunk that skips bytes is 416, and the session goes on',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 3-4
    >
    > lo
    < 416
    <
    < {"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}
    > GET <upload>
    < 204
    < Location: <upload>
    < Range: 0-0
    > PATCH <upload>
    > Content-Range: 0-2
    >
    > hel
    < 202
    < Location: <upload>
    < Range: 0-2
    > PATCH <upload>
    > Content-Range: 3-4
    >
    > lo
    < 202
    < Range: 0-4
    > PUT <upload>?digest=<digest of hello>
    < 201
  `,
  ),
  must(
    'a chunk that comes again is 416',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-2
    >
    > hel
    < 202
    > PATCH <upload>
    > Content-Range: 0-2
    >
    > hel
    < 416
    > GET <upload>
    < 204
    < Range: 0-2
  `,
  ),
  must(
    'a chunk that overlaps is 416',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-2
    >
    > hel
    < 202
    > PATCH <upload>
    > Content-Range: 2-4
    >
    > llo
    < 416
  `,
  ),
  must(
    'a last chunk out of order is 416 with the PUT too, and the session goes on',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-1
    >
    > he
    < 202
    > PUT <upload>?digest=<digest of hello>
    > Content-Range: 3-4
    >
    > lo
    < 416
    <
    < {"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}
    > GET <upload>?digest=<digest of hello>
    < 204
    < Location: <upload>
    < Range: 0-1
    > PUT <upload>?digest=<digest of hello>
    > Content-Range: 2-4
    >
    > llo
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
  `,
  ),
  must(
    'a Content-Range that is none is 400',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: hello
    >
    > hello
    < 400
    <
    < {"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}
    > PATCH <upload>
    > Content-Range: 4-0
    >
    > hello
    < 400
    > PATCH <upload>
    > Content-Range: -4
    >
    > hello
    < 400
    > GET <upload>
    < 204
    < Range: 0-0
  `,
  ),
  must(
    'a Content-Range of another length than the body is 400',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-9
    > Content-Length: 5
    >
    > hello
    < 400
    <
    < {"errors":[{"code":"SIZE_INVALID"}]}
    > GET <upload>
    < 204
    < Range: 0-0
  `,
  ),
  must(
    'the status of a session is 204 with its location and range',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    >
    > hello
    < 202
    > GET <upload>
    < 204
    < Location: <upload>
    < Range: 0-4
    < Docker-Upload-UUID: *
    <
    <
    > PUT <upload>?digest=<digest of hello>
    < 201
  `,
  ),
  must(
    'the status of a session that is not there is 404',
    [],
    `
    > GET /v2/<name>/blobs/uploads/00000000-0000-0000-0000-000000000000
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
    > PATCH /v2/<name>/blobs/uploads/00000000-0000-0000-0000-000000000000
    >
    > hello
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
  `,
  ),
  must(
    'a stream without length and range is appended, as docker sends it',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Type: application/octet-stream
    > Transfer-Encoding: chunked
    >
    > hel
    < 202
    < Location: <upload>
    < Range: 0-2
    > PATCH <upload>
    > Transfer-Encoding: chunked
    >
    > lo
    < 202
    < Location: <upload>
    < Range: 0-4
    > PUT <upload>?digest=<digest of hello>
    > Content-Length: 0
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
  must(
    'chunks that are not those of the digest are 400, and the bytes are dropped',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Range: 0-4
    >
    > hullo
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > HEAD /v2/<name>/blobs/<digest of hello>
    < 404
    > GET <upload>
    < 404
  `,
  ),
  may(
    'the whole blob is one chunk',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    < OCI-Chunk-Min-Length: -
    > PATCH <upload>
    > Content-Range: 0-4
    >
    > hello
    < 202
    < Range: 0-4
    > PUT <upload>?digest=<digest of hello>
    < 201
  `,
  ),
  must(
    'a blob of no bytes needs no chunk',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    > Content-Length: 0
    < 202
    < Range: 0-0
    > PUT <upload>?digest=<digest of nothing>
    < 201
    < Location: /v2/<name>/blobs/<digest of nothing>
  `,
  ),
  must(
    'a digest of any algorithm closes a session whose bytes came before',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    >
    > hello
    < 202
    > PUT <upload>?digest=<sha512 of hello>
    < 201
    < Docker-Content-Digest: <sha512 of hello>
    > GET /v2/<name>/blobs/<sha512 of hello>
    < 200
    <
    < hello
    > HEAD /v2/<name>/blobs/<sha256 of hello>
    < 404
  `,
  ),
]);

/** end-14. */
const cancel = paragraph('Cancel a blob upload', [
  should(
    'a session is ended with 204 and is then unknown',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > PATCH <upload>
    >
    > hello
    < 202
    > DELETE <upload>
    > Content-Length: 0
    < 204
    <
    <
    > GET <upload>
    < 404
    > PUT <upload>?digest=<digest of hello>
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
    > DELETE <upload>
    < 404
    <
    < {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}
    > HEAD /v2/<name>/blobs/<digest of hello>
    < 404
  `,
  ),
  should(
    'a session in which nothing came can be ended',
    [],
    `
    > POST /v2/<name>/blobs/uploads/
    < 202
    < Location: <upload>
    > DELETE <upload>
    < 204
  `,
  ),
]);

/** end-11. */
const mount = paragraph('Mounting a blob from another repository', [
  must(
    'a blob of another name is 201 with a location where it can be pulled',
    ['other blob hello'],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of hello>&from=<other>
    > Content-Length: 0
    < 201
    < Location: <blob>
    < Docker-Content-Digest: <digest of hello>
    > GET <blob>
    < 200
    <
    < hello
  `,
  ),
  must(
    'what was mounted stays when its source goes',
    ['other blob hello'],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of hello>&from=<other>
    < 201
    > DELETE /v2/<other>/blobs/<digest of hello>
    < 202
    > GET /v2/<other>/blobs/<digest of hello>
    < 404
    > GET /v2/<name>/blobs/<digest of hello>
    < 200
    <
    < hello
  `,
  ),
  should(
    'what the other name does not hold is 202 and a session',
    ['other blob something'],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of hello>&from=<other>
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of hello>
    >
    > hello
    < 201
    < Location: /v2/<name>/blobs/<digest of hello>
  `,
  ),
  should(
    'a name that is not there is 202 and a session',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of unheard>&from=<other>
    < 202
    < Location: ${location}
    > POST /v2/<name>/blobs/uploads/?mount=<digest of unheard>&from=UPPER
    < 202
    < Location: ${location}
  `,
  ),
  may(
    'without a source it is mounted from wherever it is found',
    ['other blob found'],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of found>
    < 201
    < Location: <blob>
    > GET <blob>
    < 200
    <
    < found
  `,
  ),
  should(
    'without a source, what is nowhere is 202 and a session',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?mount=<digest of nowhere at all>
    < 202
    < Location: <upload>
    > PUT <upload>?digest=<digest of nowhere at all>
    >
    > nowhere at all
    < 201
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > POST /v2/<name>/blobs/uploads/?mount=hello&from=<other>
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
  `,
  ),
]);

export const pushBlobs: readonly Row[] = [...postThenPut, ...singlePost, ...chunks, ...cancel, ...mount];
