import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Bytes with the digest that names them. */
export interface ProbeBlob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image of about a kilobyte that no other push has. */
export interface ProbeImage {
  readonly tag: string;
  readonly layer: ProbeBlob;
  readonly config: ProbeBlob;
  readonly manifest: ProbeBlob & { readonly mediaType: string };
}

/** Docker's schema 2, which registries older than the OCI specification take too. */
const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** Makes an image with one random file, so that what is deleted afterwards is nobody else's. */
export function makeProbeImage(): ProbeImage {
  const random = randomBytes(8).toString('hex');
  const tar = tarOf('dockgate-doctor', Buffer.from(`${random}\n`));
  const layer = blobOf(gzipSync(tar));
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [blobOf(tar).digest] },
      }),
    ),
  );
  const describe = (mediaType: string, { bytes, digest }: ProbeBlob) => ({
    mediaType,
    size: bytes.length,
    digest,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(types.config, config),
    layers: [describe(types.layer, layer)],
  };
  return {
    tag: `probe-${random}`,
    layer,
    config,
    manifest: { ...blobOf(Buffer.from(JSON.stringify(manifest))), mediaType: types.manifest },
  };
}

function blobOf(bytes: Buffer): ProbeBlob {
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

/** A tar of one file. POSIX.1-2017, pax, "ustar Interchange Format". */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at);
  };
  header.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}
