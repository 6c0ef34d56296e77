package import Settings

extension GatewaySettings {
  /// The settings of the gateway's metrics.
  package struct Metrics: SettingGroup {
    package static let title = "Metrics of the gateway"

    package let isEnabled = Setting("PROMETHEUS_ENABLED", .boolean, default: true, "answer `GET /metrics`")
    package let isPublic = Setting(
      "PROMETHEUS_PUBLIC", .boolean, default: false, "let every address read the metrics, without a token")
    package let token = SecretSetting(
      "PROMETHEUS_BEARER_TOKEN", minimumLength: 16,
      "a client must send this token; without it and a list, only this host may read")
    package let addresses = Setting(
      "PROMETHEUS_IP_ALLOWLIST", olderVariable: "PROMETHEUS_ALLOWLIST", .list, default: [], shown: "none",
      "the addresses and CIDR ranges that may read the metrics")
  }
}
