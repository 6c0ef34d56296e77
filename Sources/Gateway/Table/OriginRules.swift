import JSON
import Model

/// The origins whose scripts may call an API (CORS, the Fetch standard), with ready values of header fields.
struct OriginRules: Sendable {
  /// A pattern such as `https://*.example.com`.
  private struct Pattern: Sendable {
    let before: String
    let after: String

    /// Whether an origin matches: the star stands for one label or more.
    func matches(_ origin: String) -> Bool {
      let count = origin.utf8.count - before.utf8.count - after.utf8.count
      guard count > 0, origin.beginsWithBytes(before), origin.endsWithBytes(after) else { return false }
      let labels = origin.utf8.dropFirst(before.utf8.count).prefix(count)
      return labels.first != UInt8(ascii: ".")
        && labels.allSatisfy { byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
          default: false
          }
        }
    }
  }

  private static let standardMethods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]

  private let allowsAny: Bool
  private let exact: [String]
  private let patterns: [Pattern]
  private let methodNames: [String]
  private let headerNames: [String]
  /// The value of `Access-Control-Allow-Methods`.
  let methods: String
  /// The value of `Access-Control-Allow-Headers`.
  let headers: String
  /// The value of `Access-Control-Expose-Headers`, or `nil` when there is none.
  let exposed: String?
  let allowsCredentials: Bool

  init(_ record: APICrossOrigin) {
    let origins = record.origins ?? ["*"]
    allowsAny = origins.containsBytes(of: "*")
    patterns = origins.compactMap { origin in
      guard !origin.hasSameBytes(as: "*"), let parts = origin.cut(at: UInt8(ascii: "*")) else { return nil }
      return Pattern(before: parts.before, after: parts.after)
    }
    exact = origins.filter { !$0.utf8.contains(UInt8(ascii: "*")) }
    let named = record.methods.map { $0.map(\.asciiUppercased) } ?? Self.standardMethods
    methodNames = named.containsBytes(of: "OPTIONS") ? named : named + ["OPTIONS"]
    headerNames = record.headers ?? ["*"]
    methods = methodNames.joined(separator: ", ")
    headers = headerNames.joined(separator: ", ")
    exposed = record.exposedHeaders.flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") }
    allowsCredentials = record.allowsCredentials
  }

  func allows(_ origin: String) -> Bool {
    allowsAny || exact.containsBytes(of: origin) || patterns.contains { $0.matches(origin) }
  }

  /// Whether a preflight's method and header fields are allowed.
  ///
  /// - Parameters:
  ///   - method: as it came; `nil` when the preflight names none.
  ///   - fields: `Access-Control-Request-Headers`, as it came.
  func allows(method: String?, fields: String?) -> Bool {
    if let method, !methodNames.containsBytes(of: "*"), !methodNames.containsBytes(of: method.asciiUppercased) {
      return false
    }
    guard let fields, !headerNames.containsBytes(of: "*") else { return true }
    let allowed = headerNames.map(\.asciiLowercased)
    return fields.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace.asciiLowercased)
      .allSatisfy { $0.isEmpty || allowed.containsBytes(of: $0) }
  }
}
