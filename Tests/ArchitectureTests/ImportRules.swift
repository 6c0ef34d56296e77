/// One rule of the architecture about imports, beyond the arrows of its drawing.
struct ImportRule: Sendable {
  let name: String
  /// Returns the imports that break the rule.
  ///
  /// - Parameter imported: the modules that each target's files import.
  let violations: @Sendable (_ imported: Arrows) -> [String]
}

extension ImportRule {
  static let all = [
    only(["Cryptography"], import: ["COpenSSL", "CCrypt"]),
    only(["HTTPClient"], import: ["CCurl"]),
    never(["Gateway"], import: ["Platform"]),
    never(["Platform"], import: ["Gateway"]),
    never(["Gateway", "Listener"], import: hummingbird),
    never(["Sidecar", "gatehouse-sidecar"], import: ["DocumentStore", "Model", "Rules"] + networking + hummingbird),
    never(
      ["Retention", "RateLimiting"],
      import: [
        "Clocks", "JSON", "Settings", "Threads", "DumpFormat", "DumpDirectory", "DocumentStore", "Dispatch", "Glibc",
      ]),
    never(
      ["Model", "Rules", "DocumentStore"], import: ["HTTPTypes", "HTTPAPI", "Platform"] + networking + hummingbird),
    never(["HTTPAPI"], import: ["Model", "Rules", "Platform", "Authentication"]),
  ]

  private static let hummingbird = ["Hummingbird", "HummingbirdCore"]
  private static let networking = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTPTypes"]

  /// No target but the named ones imports these modules.
  static func only(_ targets: [String], import modules: [String]) -> ImportRule {
    ImportRule(name: "only \(targets) import \(modules)") { imported in
      imported.filter { !targets.contains($0.key) && !modules.contains($0.key) }
        .flatMap { target, names in names.intersection(modules).map { "\(target) imports \($0)" } }.sorted()
    }
  }

  /// The named targets don't import these modules, neither directly nor through others of ours.
  static func never(_ targets: [String], import modules: [String]) -> ImportRule {
    ImportRule(name: "\(targets) never import \(modules)") { imported in
      targets.flatMap { target in
        reachable(from: target, imported).intersection(modules).map { "\(target) reaches \($0)" }
      }.sorted()
    }
  }

  private static func reachable(from target: String, _ imported: Arrows) -> Set<String> {
    var (found, open): (Set<String>, [String]) = ([], [target])
    while let next = open.popLast() {
      for module in imported[next] ?? [] where found.insert(module).inserted { open.append(module) }
    }
    return found
  }
}
