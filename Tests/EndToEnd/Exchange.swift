import Foundation
import JSON

/// One recorded request with its response.
struct Exchange {
  let name: String
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

  init(_ line: some StringProtocol) throws {
    let fields = try JSONParser().parseObject(Array(line.utf8))
    let request = fields["request"]?.object ?? [:]
    let response = fields["response"]?.object ?? [:]
    name = fields["name"]?.string ?? ""
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
  }

  /// Whether the request is for the data plane.
  var isDataPlane: Bool {
    path.hasPrefix("/api/rest/") || path.hasPrefix("/api/graphql/") || path.hasPrefix("/api/soap/")
  }

  static func all() throws -> [Exchange] {
    try Fixture.text("exchanges.jsonl").split(separator: "\n").map { try Exchange($0) }
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
