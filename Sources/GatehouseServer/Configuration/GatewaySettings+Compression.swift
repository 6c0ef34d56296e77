package import Settings

extension GatewaySettings {
  /// The settings of the compression of answers to requests to APIs.
  package struct Compression: SettingGroup {
    package static let title = "Compression"

    package let isEnabled = Setting(
      "COMPRESSION_ENABLED", .boolean, default: true, "compress text with gzip for clients that take it")
    package let level = Setting("COMPRESSION_LEVEL", .integer(1...9), default: 1, "1 is the fastest, 9 the smallest")
    package let minimumSize = Setting(
      "COMPRESSION_MINIMUM_SIZE", .integer(0...(1 << 30)), default: 500, "bytes from which a body is compressed")
  }
}
