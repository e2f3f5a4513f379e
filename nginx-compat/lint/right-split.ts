/** How a split of two registries is written so that pushes and pulls get through. */
export const rightSplit =
  'map "$request_method $uri" $registry { default WRITE; "~^GET /v2/.+/blobs/uploads/" WRITE; "~^GET " READ; "~^HEAD /v2/.+/manifests/" READ; } and proxy_pass http://$registry;';
