/// Declarations that both programs read in the same way.
package enum SharedSettings {
  /// Whether it is production.
  package static let mode = Setting(
    "ENV", .choice(["development": false, "production": true, "staging": false, "test": false]), default: false,
    "`production` enforces long secrets, a strong admin password and `HTTPS_ONLY=true`")
  /// 0 lets the system choose one.
  package static let port = Setting(
    "PORT", .integer(0...65_535), default: 5001, "the port of the gateway; 0 lets the system choose one")
}
