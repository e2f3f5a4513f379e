/** Why a directive has no counterpart, and the directives of which that is true. */
const reasons: readonly (readonly [string, string])[] = [
  [
    'Dockgate is one process that its supervisor runs',
    `user worker_processes worker_rlimit_nofile worker_rlimit_core worker_cpu_affinity worker_priority
    worker_shutdown_timeout working_directory pid daemon master_process lock_file pcre_jit thread_pool env
    timer_resolution events worker_connections use multi_accept accept_mutex accept_mutex_delay debug_connection
    worker_aio_requests load_module ssl_engine`,
  ],
  [
    'Dockgate writes one line of JSON for each request to standard output',
    'access_log log_format error_log log_not_found log_subrequest open_log_file_cache rewrite_log',
  ],
  [
    'Dockgate sees to its sockets and files itself',
    `sendfile sendfile_max_chunk tcp_nopush tcp_nodelay directio directio_alignment aio aio_write output_buffers
    postpone_output reset_timedout_connection keepalive_timeout keepalive_requests keepalive_time keepalive_disable
    send_lowat lingering_close lingering_time lingering_timeout connection_pool_size request_pool_size
    read_ahead open_file_cache open_file_cache_errors open_file_cache_min_uses open_file_cache_valid
    proxy_socket_keepalive proxy_send_lowat max_ranges if_modified_since`,
  ],
  [
    'it is the size of a table of nginx itself',
    `types_hash_bucket_size types_hash_max_size server_names_hash_bucket_size server_names_hash_max_size
    map_hash_bucket_size map_hash_max_size variables_hash_bucket_size variables_hash_max_size
    proxy_headers_hash_bucket_size proxy_headers_hash_max_size`,
  ],
  [
    'Dockgate streams both ways and writes nothing to temporary files',
    `client_body_buffer_size client_body_temp_path client_body_in_file_only client_body_in_single_buffer
    client_header_buffer_size large_client_header_buffers proxy_buffering proxy_request_buffering proxy_buffer_size
    proxy_buffers proxy_busy_buffers_size proxy_temp_path proxy_max_temp_file_size proxy_temp_file_write_size
    proxy_headers_buffer_size fastcgi_temp_path uwsgi_temp_path scgi_temp_path subrequest_output_buffer_size`,
  ],
  [
    'a transfer that moves is never cut, and one that stands still for an hour is',
    `client_body_timeout client_header_timeout send_timeout proxy_connect_timeout proxy_send_timeout
    proxy_read_timeout resolver_timeout`,
  ],
  ['uploads come and go in pieces, with or without a length', 'chunked_transfer_encoding proxy_http_version'],
  [
    'clients of registries speak HTTP/1.1, too',
    `http2 http2_max_concurrent_streams http2_recv_buffer_size http2_chunk_size http2_body_preread_size
    http2_push http2_push_preload http2_max_requests http2_idle_timeout http2_recv_timeout http3 quic_retry quic_gso`,
  ],
  [
    'Dockgate takes the choice of Node, TLS 1.2 and 1.3 with modern ciphers',
    `ssl_ciphers ssl_prefer_server_ciphers ssl_ecdh_curve ssl_dhparam ssl_session_cache ssl_session_timeout
    ssl_session_tickets ssl_session_ticket_key ssl_buffer_size ssl_stapling ssl_stapling_verify ssl_stapling_file
    ssl_stapling_responder ssl_early_data ssl_conf_command ssl_trusted_certificate`,
  ],
  [
    'layers are compressed already, and what has a digest must arrive as it is',
    `gzip gzip_types gzip_vary gzip_proxied gzip_comp_level gzip_min_length gzip_buffers gzip_http_version
    gzip_disable gzip_static gunzip gunzip_buffers brotli brotli_types brotli_comp_level brotli_static`,
  ],
  [
    'answers keep the types that the server behind gives them',
    'types default_type charset charset_types override_charset source_charset etag server_tokens expires',
  ],
  [
    'requests are passed on as they came, byte for byte',
    `merge_slashes underscores_in_headers ignore_invalid_headers absolute_redirect port_in_redirect
    server_name_in_redirect proxy_pass_request_headers proxy_pass_request_body proxy_ignore_client_abort
    proxy_pass_header proxy_hide_header proxy_ignore_headers proxy_force_ranges msie_padding msie_refresh`,
  ],
  [
    'Location, Link and WWW-Authenticate are made to lead to the host that the client used',
    'proxy_redirect proxy_cookie_path proxy_cookie_domain proxy_cookie_flags',
  ],
  [
    'reads go on to the next address when one fails, and writes are never sent twice',
    'proxy_next_upstream proxy_next_upstream_timeout proxy_next_upstream_tries',
  ],
  ['Dockgate looks names up by the system', 'resolver'],
  [
    'Dockgate keeps connections and picks addresses by itself',
    'keepalive keepalive_requests zone keepalive_timeout keepalive_time queue state',
  ],
  [
    'a proxy repository fetches once for all, keeps layers, and serves old copies when the upstream fails',
    `proxy_cache_lock proxy_cache_lock_timeout proxy_cache_lock_age proxy_cache_key proxy_cache_valid
    proxy_cache_use_stale proxy_cache_min_uses proxy_cache_methods proxy_cache_revalidate
    proxy_cache_background_update proxy_cache_bypass proxy_no_cache proxy_cache_purge
    proxy_cache_max_range_offset proxy_cache_convert_head proxy_store proxy_store_access slice`,
  ],
  [
    'Dockgate sends the name of the backend in its hello, and checks its certificate in any case',
    `proxy_ssl_server_name proxy_ssl_name proxy_ssl_session_reuse proxy_ssl_protocols proxy_ssl_ciphers
    proxy_ssl_verify_depth proxy_ssl_conf_command`,
  ],
  ['the nearest trusted proxy names the client', 'real_ip_recursive'],
];

/** Why a directive need not have a counterpart, by its name. */
export const unneeded: ReadonlyMap<string, string> = new Map(
  reasons.flatMap(([reason, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, reason] as const),
  ),
);
