import Foundation
import HTTPAPI
import HTTPTypes
import Testing

@testable import Platform

@Suite("The codes of failures")
struct CodeTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// The codes that the sources of the gateway name outside of declarations.
  private static func thrown() throws -> Set<String> {
    let pattern = /"((?:API|AUTH|CORS|END|GEN|GRP|GTW|MEM|PAG|REQ|ROLE|RTG|SEC|SUB|USR|VAL)[0-9]{3}|IP_RATE_LIMIT)"/
    var codes: Set<String> = ["GTW400", "GTW501"]
    for module in ["HTTPAPI", "Rules", "Model", "Authentication", "Platform", "GatehouseServer", "Listener"] {
      let directory = sources.appending(path: module)
      let files = FileManager.default.enumerator(atPath: directory.path())?.compactMap { $0 as? String } ?? []
      for file in files where file.hasSuffix(".swift") {
        let text = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
        for line in text.split(separator: "\n") where !isDeclaration(line) {
          for match in line.matches(of: pattern) { codes.insert(String(match.output.1)) }
        }
      }
    }
    return codes
  }

  private static func isDeclaration(_ line: Substring) -> Bool {
    let text = line.drop { $0 == " " }
    return text.hasPrefix("//") || line.contains("failures") || line.contains("DeclaredFailure(")
      || text.firstMatch(of: /^[0-9]{3}: \[/) != nil || line.contains(".permission(") || line.contains(".user(")
  }

  private static var declared: Set<String> {
    let routes = Resource.all.flatMap(\.routes)
    let failures = routes.flatMap(\.failures) + PlatformAPI.generalFailures + CrossOriginPolicy.failures
    return Set(failures.flatMap(\.codes))
  }

  @Test("are all declared, and so in the description, and none is declared that no source can answer")
  func complete() throws {
    let thrown = try Self.thrown()
    #expect(thrown.count > 60)
    // Messages between tasks are no part of the API.
    #expect(thrown.subtracting(Self.declared).sorted() == ["GTW506"])
    let routes = Resource.all.flatMap(\.routes)
    let ofAccess = Set(
      routes.flatMap { route -> [String] in
        switch route.access {
        case .everyone, .optionalUser: []
        case .user(let missing): [missing]
        case .permission(_, let code, let missing): [code, missing]
        }
      })
    #expect(Self.declared.subtracting(thrown).subtracting(ofAccess).sorted() == [])
  }

  @Test("are found in a line that throws, and not in one that declares")
  func seeded() {
    #expect(!Self.isDeclaration(#"    throw RuleViolation("GRP001", "x")"#))
    #expect(Self.isDeclaration(#"      failures: [400: ["GRP001"]], message: "x""#))
    #expect(Self.isDeclaration(#"        400: ["USR001"],"#))
    #expect(Self.isDeclaration(#"    // "GRP001""#))
  }

  @Test("of a broken rule have the status that the route declares")
  func statuses() throws {
    let route = try #require(
      Resource.all.flatMap(\.routes).first {
        $0.method == .delete && $0.pattern.template == "/platform/user/{username}"
      })
    #expect(route.status(of: "USR002") == 404)
    #expect(route.status(of: "USR007") == 403)
    #expect(route.status(of: "GTW998") == 401)
    #expect(route.status(of: "XXX001") == nil)
  }
}
