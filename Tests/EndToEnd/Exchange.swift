import Foundation
import JSON

/// One recorded request with its response.
struct Exchange {
  let name: String
  /// The part of the recording, or `nil` where it has none.
  let part: String?
  let method: String
  let path: String
  /// The user whose token is sent.
  let user: String?
  let headers: [String: String]
  let body: [UInt8]?
  let status: Int
  let responseHeaders: [String: String]
  let responseBody: JSONValue?
  /// The expected response where the recorded server was wrong.
  let oursStatus: Int?
  let oursReason: String?
  let oursBody: JSONValue?

  init(_ line: some StringProtocol) throws {
    let fields = try JSONParser().parseObject(Array(line.utf8))
    let request = fields["request"]?.object ?? [:]
    let response = fields["response"]?.object ?? [:]
    name = fields["name"]?.string ?? ""
    part = fields["part"]?.string
    method = request["method"]?.string ?? ""
    path = request["path"]?.string ?? ""
    user = request["as"]?.string
    headers = Self.strings(request["headers"])
    body = request["raw"]?.string.map { Array($0.utf8) } ?? request["json"].map { JSONWriter.bytes($0) }
    status = response["status"]?.number?.int ?? 0
    responseHeaders = Self.strings(response["headers"])
    responseBody = response["body"]
    oursStatus = fields["ours"]?.object?["status"]?.number?.int
    oursReason = fields["ours"]?.object?["why"]?.string
    oursBody = fields["ours"]?.object?["body"]
  }

  /// Whether the request is for the data plane.
  var isDataPlane: Bool {
    path.hasPrefix("/api/rest/") || path.hasPrefix("/api/graphql/") || path.hasPrefix("/api/soap/")
  }

  /// The exchanges of a recording. The window of the rate limit is longer than the recorded one, so that it does not
  /// end between the calls that it limits.
  ///
  /// - Parameter upstream: the port that takes the place of the recorded one.
  static func all(_ recording: String = "exchanges.jsonl", upstream: Int = 18_091) throws -> [Exchange] {
    let window = "\"rate_limit_duration\": 2, \"rate_limit_duration_type\": "
    return try Fixture.text(recording).replacing("127.0.0.1:18091", with: "127.0.0.1:\(upstream)")
      .replacing(window + "\"minute\"", with: window + "\"day\"").split(separator: "\n").map { try Exchange($0) }
  }

  private static func strings(_ value: JSONValue?) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: (value?.object?.members ?? []).map { ($0.key.lowercased(), $0.value.string ?? "") })
  }
}

enum Fixture {
  static func url(_ name: String) throws -> URL {
    guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return url
  }

  static func text(_ name: String) throws -> String { try String(contentsOf: url(name), encoding: .utf8) }
}
