import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { descriptorOf, EMPTY, makeTree, makeTreeIndex, treeOf } from './content-tree.ts';
import type { ContentTree } from './content-tree.ts';
import { digestOf, imageConfig, TYPES, type Image, type Manifest } from './image.ts';
import { tarOf } from './tar.ts';

const IN_TOTO = 'application/vnd.in-toto+json';

/** The proof of how an image was built, in the form that `docker buildx` gives it: an image of no platform. */
function makeAttestation(image: Manifest): ContentTree {
  const statement = { _type: 'https://in-toto.io/Statement/v0.1', subject: [{ digest: image.digest }] };
  const bytes = Buffer.from(JSON.stringify(statement));
  const predicate = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' };
  const config = { architecture: 'unknown', os: 'unknown', config: {} };
  const rootfs = { type: 'layers', diff_ids: [digestOf(bytes)] };
  return makeTree(
    { mediaType: TYPES.oci.config, bytes: Buffer.from(JSON.stringify({ ...config, rootfs })) },
    [{ mediaType: IN_TOTO, bytes, annotations: predicate }],
  );
}

/** An index as `docker buildx build --push` makes it: an image per architecture, and a proof for each. */
export function makeBuildxIndex(images: Readonly<Record<string, Image>>): ContentTree {
  const platforms = Object.entries(images).map(
    ([architecture, image]) => [treeOf(image), { platform: { architecture, os: 'linux' } }] as const,
  );
  const proofs = Object.values(images).map(({ manifest }) => {
    const annotations = {
      'vnd.docker.reference.digest': manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    };
    const platform = { architecture: 'unknown', os: 'unknown' };
    return [makeAttestation(manifest), { annotations, platform }] as const;
  });
  return makeTreeIndex([...platforms, ...proofs]);
}

/** A Helm chart as `helm push` sends it. helm.sh/docs/topics/registries. */
export function makeChart(): ContentTree {
  const about = { apiVersion: 'v2', name: 'chart', version: '1.0.0', type: 'application' };
  const content = gzipSync(tarOf('chart/Chart.yaml', Buffer.from(JSON.stringify(about))));
  return makeTree(
    { mediaType: 'application/vnd.cncf.helm.config.v1+json', bytes: Buffer.from(JSON.stringify(about)) },
    [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes: content }],
    { annotations: { 'org.opencontainers.image.title': 'chart' } },
  );
}

/** A file attached to an image, as `oras attach` sends it. */
export function makeAttachment(subject: Manifest): ContentTree {
  const annotations = { 'org.opencontainers.image.title': 'sbom.spdx.json' };
  const sbom = { mediaType: 'application/spdx+json', bytes: Buffer.from('{"spdxVersion":"SPDX-2.3"}') };
  return makeTree(EMPTY, [{ ...sbom, annotations }], {
    artifactType: 'application/vnd.example.sbom',
    subject: descriptorOf(subject),
    annotations: { 'org.opencontainers.image.created': '2024-01-01T00:00:00Z' },
  });
}

/** A signature as cosign stores it under a tag; the signature itself is none. sigstore/cosign specs/SIGNATURE_SPEC.md. */
export function makeTagSignature(signed: Manifest): ContentTree {
  const image = { 'docker-manifest-digest': signed.digest };
  const critical = { identity: { 'docker-reference': '' }, image, type: 'cosign container image signature' };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const layer = {
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    bytes: payload,
    annotations: { 'dev.cosignproject.cosign/signature': 'bm8gc2lnbmF0dXJl' },
  };
  return makeTree({ mediaType: TYPES.oci.config, bytes: imageConfig([digestOf(payload)]) }, [layer]);
}

/** The tag under which cosign looks for the signatures of a manifest. */
export function signatureTag({ digest }: Manifest): string {
  return `${digest.replace(':', '-')}.sig`;
}

/** A signature as cosign attaches it to its subject: a Sigstore bundle. */
export function makeReferrerSignature(signed: Manifest): ContentTree {
  const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const bytes = Buffer.from(JSON.stringify({ mediaType, verificationMaterial: {}, messageSignature: {} }));
  return makeTree(EMPTY, [{ mediaType, bytes }], {
    artifactType: mediaType,
    subject: descriptorOf(signed),
    annotations: { 'dev.sigstore.bundle.content': 'message-signature' },
  });
}

/** An image with one layer compressed with zstd. */
export function makeZstdImage(): ContentTree {
  const tar = tarOf('file', randomBytes(1000));
  return makeTree({ mediaType: TYPES.oci.config, bytes: imageConfig([digestOf(tar)]) }, [
    { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', bytes: zstdCompressSync(tar) },
  ]);
}

/** An artifact with a file of no bytes. */
export function makeEmptyFile(): ContentTree {
  const annotations = { 'org.opencontainers.image.title': 'empty.txt' };
  return makeTree(EMPTY, [{ mediaType: 'text/plain', bytes: Buffer.alloc(0), annotations }], {
    artifactType: 'application/vnd.example.files',
  });
}
