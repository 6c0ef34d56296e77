import HTTPTypes

/// Header fields that every answer of the platform carries.
struct SecurityHeaders {
  private let fields: HTTPFields

  init(_ configuration: PlatformConfiguration) {
    var fields: HTTPFields = [
      .xContentTypeOptions: "nosniff",
      .frameOptions: "DENY",
      .referrerPolicy: "no-referrer",
      .permissionsPolicy: "geolocation=(), microphone=(), camera=(), payment=(), usb=()",
      .contentSecurityPolicy: configuration.contentSecurityPolicy,
      .cacheControl: "no-store",
      .vary: "Origin",
    ]
    if configuration.httpsOnly { fields[.strictTransportSecurity] = "max-age=31536000; includeSubDomains" }
    self.fields = fields
  }

  func add(to headers: inout HTTPFields) {
    for field in fields where headers[field.name] == nil { headers.append(field) }
  }
}
