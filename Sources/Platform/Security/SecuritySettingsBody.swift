package import HTTPAPI
import JSON
package import Model

extension SecuritySettings {
  /// The body of a request that changes the security settings. Fields that are absent or null stay as they are.
  package static let body = BodyModel(
    "SecuritySettingsModel",
    [
      .boolean("enable_auto_save", .optional),
      .integer("auto_save_frequency_seconds", .optional, minimum: 60),
      .string("dump_path", .optional),
      .strings("ip_whitelist", .optional),
      .strings("ip_blacklist", .optional),
      .boolean("trust_x_forwarded_for", .optional),
      .strings("xff_trusted_proxies", .optional),
      .boolean("allow_localhost_bypass", .optional),
    ])
}
