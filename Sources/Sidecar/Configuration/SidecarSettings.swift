package import Logs
import Retention
package import Settings

/// Every setting of the sidecar: variable, option, what it takes, default and a sentence.
///
/// The parser and the command line read these declarations. `--help`, docs/reference/configuration.md and
/// compose/.env.example are made from them or compared with them by a test.
package struct SidecarSettings: SettingGroup {
  package static let title = "The sidecar"

  package let gateway = Gateway()
  package let dumps = DumpSettings.declarations
  package let retention = Retention()
  package let operation = Operation()
  package let offsite = Offsite()
  package let credentials = Credentials()
  package let logs = LogSettings.declarations
}

extension SidecarSettings {
  /// The settings of the gateway to watch.
  package struct Gateway: SettingGroup {
    package static let title = "The gateway"

    package let mode = SharedSettings.mode
    package let port = SharedSettings.port
    package let url = OptionalSetting(
      "SIDECAR_URL", .address(.nothing, example: "http://127.0.0.1:5001"), absent: "http://127.0.0.1:$PORT",
      flag: "--url <url>", "where the gateway answers; with PORT=0 `run` and `drain` require it")
    package let username = OptionalSetting(
      "SIDECAR_USERNAME", .text("a name"), absent: "required by run and drain", flag: "--username <name>",
      "the account that the gateway creates for the sidecar")
    package let password = SecretSetting(
      "SIDECAR_PASSWORD", absent: "required by run and drain", flag: "--password-file <file>",
      "the password of that account")
    package let certificates = OptionalSetting(
      "SIDECAR_CACERT", .text("a path"), absent: "the system's bundle", flag: "--cacert <file>",
      "PEM certificates to trust when the URL is https")
  }

  /// The rules of retention.
  package struct Retention: SettingGroup {
    package static let title = "Retention"
    private static let standard = RetentionPolicy.standard

    /// `KEEP_LAST`
    package let last = rule("last", standard.last, "the newest N dumps")
    /// `KEEP_HOURLY`
    package let hourly = rule("hourly", standard.hourly, "the newest dump of each of the last N hours that have one")
    /// `KEEP_DAILY`
    package let daily = rule("daily", standard.daily, "the same for the last N days (UTC)")
    /// `KEEP_WEEKLY`
    package let weekly = rule("weekly", standard.weekly, "the same for the last N ISO weeks")
    /// `KEEP_MONTHLY`
    package let monthly = rule("monthly", standard.monthly, "the same for the last N months")
    /// `KEEP_YEARLY`
    package let yearly = rule("yearly", standard.yearly, "the same for the last N years")
    package let within = OptionalSetting(
      "KEEP_WITHIN", .time(orOff: true), absent: "off", flag: "--keep-within <time>",
      "every dump of this time before the newest")
    package let maximumBytes = OptionalSetting(
      "KEEP_MAX_BYTES", .size, absent: "off", flag: "--keep-max-bytes <bytes>", "a cap on what the rules keep")
    package let maximumCount = OptionalSetting(
      "KEEP_MAX_COUNT", .ruleCount, absent: "off", flag: "--keep-max-count <n>",
      "a cap on what the rules keep, in dumps")
    /// `KEEP_JOURNAL`
    package let journal = Setting(
      "KEEP_JOURNAL", .time(), default: RetentionPolicy.standardJournal, flag: "--keep-journal <time>",
      "how far back a restore to any moment goes; keeps journals and dumps")
    package let trash = Setting(
      "TRASH_KEEP", .time(), default: 86_400, flag: "--trash-keep <time>",
      "how long removed dumps stay in trash/; 0 deletes them in the same round")

    /// - Parameter standard: 0 for a rule that is off.
    private static func rule(_ unit: String, _ standard: Int, _ sentence: String) -> Setting<Int> {
      Setting(
        "KEEP_\(unit.uppercased())", .ruleCount, default: standard,
        shown: standard > 0 ? "\(standard) if no rule is set" : "off", flag: "--keep-\(unit) <n>", sentence)
    }
  }

  /// The settings of the sidecar's work.
  package struct Operation: SettingGroup {
    package static let title = "Operation"

    package let drainDeadline = Setting(
      "DRAIN_DEADLINE", .integer(1...3600), default: 55, flag: "--drain-deadline <seconds>",
      "seconds for a whole drain; at most stopTimeout of ECS minus 5")
    package let metricsPort = OptionalSetting(
      "SIDECAR_METRICS_PORT", .integer(0...65_535), absent: "off", flag: "--metrics-port <port>",
      "serve Prometheus text on this port of 127.0.0.1")
    package let statusPeriod = OptionalSetting(
      "SIDECAR_STATUS_EVERY", .time(), absent: "off", flag: "--status-every <time>",
      "log one line of metrics this often; 0 is off")
    package let maximumAge = OptionalSetting(
      "SIDECAR_MAX_AGE", .time(), absent: "off", flag: "--max-age <time>",
      "`health` fails when the newest verified dump is older; 0 is off")
    package let taskProtection = Setting(
      "SIDECAR_TASK_PROTECTION", .boolean, default: false, flag: "--task-protection <true|false>",
      "protect the ECS task from scale-in around dumps and drains")
    package let metadata = OptionalSetting(
      "ECS_CONTAINER_METADATA_URI_V4", .address(.path, example: "http://169.254.170.2/v4/0123abcd; ECS sets it"),
      absent: "set by ECS", "the task's metadata")
    package let agent = OptionalSetting(
      "ECS_AGENT_URI", .address(.path, example: "http://169.254.170.2/api/0123abcd; ECS sets it"),
      absent: "set by ECS", "task protection")
  }

  /// The settings of copies in S3.
  package struct Offsite: SettingGroup {
    package static let title = "Copies in S3"

    package let bucket = OptionalSetting(
      "OFFSITE_S3_BUCKET", .text("a bucket's name"), absent: "off", flag: "--offsite-bucket <name>",
      "copy verified dumps to this S3 bucket")
    package let prefix = Setting(
      "OFFSITE_S3_PREFIX", .text("text without `.` or `..` between its slashes"), default: "gatehouse/",
      flag: "--offsite-prefix <prefix>", "how the keys of the copies begin")
    package let region = OptionalSetting(
      "AWS_REGION", olderVariable: "AWS_DEFAULT_REGION", .text("a region's name"), absent: "required with a bucket",
      flag: "--offsite-region <region>", "the bucket's region")
    package let endpoint = OptionalSetting(
      "OFFSITE_S3_ENDPOINT", .address(.path, example: "https://s3.example.com"), absent: "AWS's own",
      flag: "--offsite-endpoint <url>", "another server that speaks S3")
    package let interval = Setting(
      "OFFSITE_INTERVAL", .integer(1...3600), default: 5, flag: "--offsite-interval <seconds>",
      "seconds between copies of what was added to journals")
  }

  /// The credentials of AWS.
  package struct Credentials: SettingGroup {
    package static let title = "Credentials for S3"

    package let accessKey = OptionalSetting("AWS_ACCESS_KEY_ID", .text(), "an access key, where the task has no role")
    package let secretKey = SecretSetting("AWS_SECRET_ACCESS_KEY", "the secret of the access key")
    package let sessionToken = SecretSetting("AWS_SESSION_TOKEN", "the session token of temporary access keys")
    package let relativeURI = OptionalSetting(
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", .text("a path"), absent: "set by ECS", "the role's credentials")
    package let fullURI = OptionalSetting(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      .address(.pathAndQuery, example: "http://169.254.170.23/v1/credentials"), absent: "set by ECS",
      "the role's credentials")
    package let authorizationToken = SecretSetting(
      "AWS_CONTAINER_AUTHORIZATION_TOKEN", absent: "set by ECS", "the token for the role's credentials")
  }
}

extension SidecarConfiguration {
  /// The settings as they are declared.
  package static let settings = SidecarSettings()
}

extension SettingKind where Value == Int {
  private static var mostDumps: Int { 1_000_000 }

  /// A number of dumps or periods; 0 is off.
  static var ruleCount: SettingKind {
    SettingKind(
      takes: "a whole number from 0 (off) to \(mostDumps)",
      ends: .init(taken: ["\(mostDumps)"], refused: ["-1", "\(mostDumps + 1)"])
    ) { Quantities.count($0, maximum: mostDumps) }
  }

  /// Bytes, written as `20GB` or `512MiB`; 0 is off.
  static var size: SettingKind {
    SettingKind(takes: "a size such as 20GB or 512MiB, or 0 (off)") { Quantities.bytes($0) }
  }
}
