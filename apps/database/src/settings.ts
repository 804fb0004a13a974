/**
 * Settings of the embedded server, given on its command line so that they hold whatever the files
 * in the cluster say. Durable; sized for a small machine.
 */
export function serverSettings(socketFolder: string): Record<string, string> {
  return {
    // Only the Unix socket, and only for the account that owns it (and root).
    listen_addresses: "",
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    // What was acknowledged is on the disk.
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    // An acquirer worker takes about ten, and there may be several.
    max_connections: "128",
    shared_buffers: "128MB",
    max_wal_size: "1GB",
    random_page_cost: "1.1",
    jit: "off",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "",
    // Neither statements, nor their values, nor the rows in an error's detail may reach the log.
    log_statement: "none",
    log_min_error_statement: "panic",
    log_parameter_max_length: "0",
    log_parameter_max_length_on_error: "0",
    log_error_verbosity: "terse",
    log_checkpoints: "off",
  };
}
