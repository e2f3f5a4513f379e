/**
 * The tables, as kysely sees them. What is held where is rows; the bytes of manifests are here, those of blobs are not.
 *
 *   manifests ── manifest_references          content, once for all repositories
 *       │
 *   held_manifests ── tags                    which name of which repository holds it
 *   blobs ── held_blobs                       bytes that are in the blob store, and who may serve them
 *   leaving                                   bytes that nobody names any more and that are still to be removed
 *   uploads, absences                         what is under way, and what upstreams do not have
 *   users, signing_keys                       who may log in
 *   downloads, claims, pins, blocks           what processes tell each other; each row runs out by itself, but for blocks
 */
export interface Tables {
  manifests: {
    digest: string;
    media_type: string;
    artifact_type: string | null;
    subject: string | null;
    /** A JSON object of strings. */
    annotations: string;
    bytes: Uint8Array;
  };
  manifest_references: { manifest: string; digest: string; kind: 'blob' | 'manifest' };
  /** `used_at`: when it was stored or last pulled. */
  held_manifests: { repository: string; name: string; digest: string; stored_at: number; used_at: number };
  tags: {
    repository: string;
    name: string;
    tag: string;
    digest: string;
    changed_at: number;
    confirmed_at: number;
  };
  blobs: { digest: string; size: number; stored_at: number };
  /** `used_at`: when it was linked, or last pulled by itself or with a manifest. */
  held_blobs: { repository: string; name: string; digest: string; linked_at: number; used_at: number };
  /** `claimed_by`: whoever is writing to it, until `claimed_until`. */
  uploads: {
    id: string;
    repository: string;
    name: string;
    started_at: number;
    claimed_by: string | null;
    claimed_until: number;
  };
  absences: { repository: string; name: string; reference: string; until: number };
  /** `roles`: a JSON list of strings. */
  users: { name: string; password_hash: string; roles: string; created_at: number };
  /** `jwk`: a private JSON Web Key. */
  signing_keys: { id: string; jwk: string; created_at: number };
  /** `outcome`: why it failed. */
  downloads: {
    digest: string;
    id: string;
    by: string;
    until: number;
    repository: string;
    name: string;
    size: number | null;
    outcome: string | null;
  };
  claims: { key: string; by: string; until: number };
  pins: { digest: string; until: number };
  leaving: { digest: string };
  blocks: { repository: string; by: string; at: number; reason: string };
}
