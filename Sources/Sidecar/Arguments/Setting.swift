/// One setting of the sidecar: a flag with an environment variable behind it.
///
/// Secrets have no flag of their own, since the list of processes shows flags to everyone: only the path of a file that
/// holds them has.
struct Setting: Sendable {
  /// As `--keep-last`.
  let flag: String
  let variable: String
  /// What stands for the value in `--help`.
  let placeholder: String
  /// In words, for `--help`.
  let standard: String
  let help: String
}

extension Setting {
  /// In the order of `--help`.
  static let all: [Setting] = service + volume + retention + surroundings + offsite + logs

  private static let service = [
    Setting(
      flag: "--url", variable: "SIDECAR_URL", placeholder: "URL", standard: "http://127.0.0.1:$PORT, PORT 5001",
      help: "where the service answers"),
    Setting(
      flag: "--username", variable: "SIDECAR_USERNAME", placeholder: "NAME", standard: "required by run and drain",
      help: "the account that may ask for a dump (manage_security)"),
    Setting(
      flag: "--password-file", variable: "SIDECAR_PASSWORD_FILE", placeholder: "FILE",
      standard: "required by run and drain", help: "holds its password; or SIDECAR_PASSWORD, which has no flag"),
    Setting(
      flag: "--cacert", variable: "SIDECAR_CACERT", placeholder: "FILE", standard: "the system's bundle",
      help: "PEM certificates to trust when the URL is https"),
    Setting(
      flag: "--drain-deadline", variable: "DRAIN_DEADLINE", placeholder: "SECONDS", standard: "55",
      help: "bounds all of a drain; at most stopTimeout of ECS minus 5"),
  ]

  private static let volume = [
    Setting(
      flag: "--dump-path", variable: "MEM_DUMP_PATH", placeholder: "PATH", standard: "generated/memory_dump.bin",
      help: "where the dumps are, as the service has it"),
    Setting(
      flag: "--encryption-key-file", variable: "MEM_ENCRYPTION_KEY_FILE", placeholder: "FILE", standard: "required",
      help: "holds the key that seals dumps; or MEM_ENCRYPTION_KEY, which has no flag"),
    Setting(
      flag: "--encryption-keys-old-file", variable: "MEM_ENCRYPTION_KEYS_OLD_FILE", placeholder: "FILE",
      standard: "none", help: "holds earlier keys with commas between them; or MEM_ENCRYPTION_KEYS_OLD"),
  ]

  private static let retention = [
    keep("last", "the newest N dumps"), keep("hourly", "the newest dump of each of the last N hours that have one"),
    keep("daily", "the same by day (UTC)"), keep("weekly", "the same by ISO week"),
    keep("monthly", "the same by month"), keep("yearly", "the same by year"),
    Setting(
      flag: "--keep-within", variable: "KEEP_WITHIN", placeholder: "TIME", standard: "off",
      help: "every dump of this time before the newest: 36h, 14d"),
    Setting(
      flag: "--keep-max-bytes", variable: "KEEP_MAX_BYTES", placeholder: "BYTES", standard: "off",
      help: "a cap on what the rules keep: 20GB, 512MiB"),
    Setting(
      flag: "--keep-max-count", variable: "KEEP_MAX_COUNT", placeholder: "N", standard: "off",
      help: "a cap on what the rules keep, in dumps"),
    Setting(
      flag: "--trash-keep", variable: "TRASH_KEEP", placeholder: "TIME", standard: "1d",
      help: "how long removed dumps stay in trash/; 0 unlinks them at once"),
  ]

  private static func keep(_ unit: String, _ help: String) -> Setting {
    let standard = ["last": "5", "hourly": "24", "daily": "7", "weekly": "4"][unit]
    return Setting(
      flag: "--keep-\(unit)", variable: "KEEP_\(unit.uppercased())", placeholder: "N",
      standard: standard.map { "\($0) if no rule is set" } ?? "off", help: help)
  }

  private static let surroundings = [
    Setting(
      flag: "--metrics-port", variable: "SIDECAR_METRICS_PORT", placeholder: "PORT", standard: "off",
      help: "serve Prometheus text on 127.0.0.1"),
    Setting(
      flag: "--status-every", variable: "SIDECAR_STATUS_EVERY", placeholder: "TIME", standard: "off",
      help: "log one line of figures this often, for metrics made from logs: 60s, 5m"),
    Setting(
      flag: "--max-age", variable: "SIDECAR_MAX_AGE", placeholder: "TIME", standard: "off",
      help: "health fails when the newest verified dump is older"),
    Setting(
      flag: "--task-protection", variable: "SIDECAR_TASK_PROTECTION", placeholder: "true|false", standard: "false",
      help: "protect the ECS task from scale-in around dumps and drains"),
  ]

  private static let offsite = [
    Setting(
      flag: "--offsite-bucket", variable: "OFFSITE_S3_BUCKET", placeholder: "NAME", standard: "off",
      help: "copy verified dumps to this S3 bucket"),
    Setting(
      flag: "--offsite-prefix", variable: "OFFSITE_S3_PREFIX", placeholder: "PREFIX", standard: "gatehouse/",
      help: "how their keys begin"),
    Setting(
      flag: "--offsite-region", variable: "AWS_REGION", placeholder: "REGION", standard: "required with a bucket",
      help: "the bucket's region"),
    Setting(
      flag: "--offsite-endpoint", variable: "OFFSITE_S3_ENDPOINT", placeholder: "URL", standard: "AWS's own",
      help: "another server that speaks S3"),
  ]

  private static let logs = [
    Setting(
      flag: "--log-format", variable: "LOG_FORMAT", placeholder: "plain|json", standard: "plain",
      help: "how log lines look"),
    Setting(
      flag: "--log-level", variable: "LOG_LEVEL", placeholder: "LEVEL", standard: "INFO", help: "the least level shown"),
  ]
}
