package import HTTPTypes

/// The header fields that every answer has.
package struct SecurityHeaders: Sendable {
  private let fields: HTTPFields

  /// The default of `Content-Security-Policy`: the answers are no pages.
  package static let standardContentSecurityPolicy =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

  /// The fields of an API whose answers depend on the origin.
  ///
  /// - Parameter httpsOnly: whether browsers shall use HTTPS only (HSTS).
  package init(contentSecurityPolicy: String, httpsOnly: Bool) {
    var fields: HTTPFields = [
      .xContentTypeOptions: "nosniff",
      .frameOptions: "DENY",
      .referrerPolicy: "no-referrer",
      .permissionsPolicy: "geolocation=(), microphone=(), camera=(), payment=(), usb=()",
      .contentSecurityPolicy: contentSecurityPolicy,
      .cacheControl: "no-store",
      .vary: "Origin",
    ]
    if httpsOnly { fields[.strictTransportSecurity] = "max-age=31536000; includeSubDomains" }
    self.fields = fields
  }

  /// Adds the fields that an answer does not have yet.
  package func add(to headers: inout HTTPFields) {
    for field in fields where headers[field.name] == nil { headers.append(field) }
  }
}
