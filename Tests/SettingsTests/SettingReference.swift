import Foundation
import GatehouseServer
import JSON
import Settings
import Sidecar

/// Pages and files that repeat settings, and what in them differs from the declarations.
enum SettingReference {
  static let gateway = Configuration.settings
  static let sidecar = SidecarConfiguration.settings

  /// Variables of compose itself.
  private static let ofCompose: Set = ["COMPOSE_PROJECT_NAME", "GATEHOUSE_IMAGE", "GATEHOUSE_USER", "NGINX_IMAGE"]

  static func text(of path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func names(of program: String) -> Set<String> {
    let settings = program == "gatehouse" ? gateway.descriptions : sidecar.descriptions
    let secretFiles = settings.filter(\.isSecret).map(\.flagVariable)
    return Set(settings.flatMap { [$0.variable] + ($0.olderVariable.map { [$0] } ?? []) } + secretFiles)
  }

  static var allNames: Set<String> { names(of: "gatehouse").union(names(of: "gatehouse-sidecar")) }

  // MARK: docs/reference/configuration.md

  private static let header = "| variable | default | values | meaning |\n|---|---|---|---|\n"

  private static func table(_ title: String, _ settings: [SettingDescription]) -> String {
    "### \(title)\n\n" + header + settings.map(\.documentationRow).joined(separator: "\n") + "\n"
  }

  /// The tables that the page must have: those of the gateway, and for the sidecar what the gateway does not read.
  private static var sections: [(title: String, settings: [SettingDescription])] {
    let shared = Set(gateway.descriptions.map(\.variable))
    return gateway.sections.map { ($0, $1) }
      + sidecar.sections.compactMap { title, settings in
        let own = settings.filter { !shared.contains($0.variable) }
        return own.isEmpty ? nil : (title, own)
      }
  }

  /// The rows that a table lacks, each with its place.
  private static func tableFaults(_ title: String, _ settings: [SettingDescription], in page: String) -> [String] {
    if page.contains(table(title, settings)) { return [] }
    let missing = settings.indices.filter { !page.contains(settings[$0].documentationRow + "\n") }.map { index in
      let place = index == 0 ? "first" : "below `\(settings[index - 1].variable)`"
      return "the table '\(title)' lacks this row, \(place): \(settings[index].documentationRow)"
    }
    return missing.isEmpty ? ["the page lacks this table, in this order:\n\(table(title, settings))"] : missing
  }

  static func documentationFaults(_ page: String) -> [String] {
    let missing = sections.flatMap { tableFaults($0, $1, in: page) }
    // A row for a setting that is gone.
    let rows = page.matches(of: /(?m)^\| `([A-Z0-9_]+)`/).map { String($0.output.1) }
    let count = sections.reduce(0) { $0 + $1.settings.count }
    let shared = sidecar.descriptions.map(\.variable).filter { gateway.descriptions.map(\.variable).contains($0) }
    let sentence = "The sidecar also reads " + shared.map { "`\($0)`" }.joined(separator: ", ")
    return missing + (rows.count == count ? [] : ["the page has \(rows.count) rows instead of \(count)"])
      + rows.filter { !allNames.contains($0) }.map { "no program reads \($0)" }
      + (page.replacing("\n", with: " ").contains(sentence) ? [] : ["the page lacks: \(sentence)"])
  }

  // MARK: compose

  /// The variables that compose.yaml gives to a program, each with its value.
  static func composeVariables(_ compose: String, of service: String) -> [String: String] {
    guard let start = compose.range(of: "\n  \(service):\n") else { return [:] }
    let lines = compose[start.upperBound...].split(separator: "\n").prefix {
      !$0.hasPrefix("  ") || $0.hasPrefix("   ")
    }
    return Dictionary(
      lines.drop { $0 != "    environment:" }.dropFirst().prefix { $0.hasPrefix("      ") }.compactMap { line in
        line.wholeMatch(of: /\ +([A-Z0-9_]+): (.*)/).map { (String($0.output.1), String($0.output.2)) }
      }, uniquingKeysWith: { first, _ in first })
  }

  static func composeFaults(_ compose: String) -> [String] {
    ["gatehouse", "gatehouse-sidecar"].flatMap { program in
      let variables = composeVariables(compose, of: program).keys.sorted()
      return variables.isEmpty
        ? ["compose.yaml has no environment for \(program)"]
        : variables.filter { !names(of: program).contains($0) }.map { "\(program) does not read \($0) of compose.yaml" }
    }
  }

  static func exampleFaults(_ example: String, compose: String) -> [String] {
    let (service, sidecar) = (
      composeVariables(compose, of: "gatehouse"), composeVariables(compose, of: "gatehouse-sidecar")
    )
    let named = Dictionary(
      example.matches(of: /(?m)^#([A-Z0-9_]+)=(.*)$/).map { (String($0.output.1), String($0.output.2)) },
      uniquingKeysWith: { first, _ in first })
    var faults = named.keys.filter { !allNames.contains($0) && !ofCompose.contains($0) }.map {
      "no program reads \($0)"
    }
    for setting in gateway.descriptions + self.sidecar.descriptions {
      let name = setting.variable
      let given = service[name] ?? sidecar[name]
      // A value that compose fixes can't be changed in .env; PORT is the one of the host.
      let isFixed = given.map { !$0.hasPrefix("${") } ?? false
      let isReached = gateway.descriptions.contains { $0.variable == name } || given != nil
      guard name == "PORT" || isReached && !isFixed else { continue }
      let ofCompose = given.flatMap { $0.firstMatch(of: /:-(.+)}/).map { String($0.output.1) } }
      let standard = ofCompose ?? setting.defaultValue.map { $0 == "0" ? "" : $0 } ?? optionalDefault(setting)
      guard let said = named[name] else {
        faults.append("compose/.env.example lacks this line, below a comment: #\(name)=\(standard)")
        continue
      }
      if said != standard { faults.append("compose/.env.example has \(name)=\(said) instead of \(standard)") }
    }
    return faults
  }

  /// A default that is a value although the setting has none of its own.
  private static func optionalDefault(_ setting: SettingDescription) -> String {
    ["true", "false"].contains(setting.standard) ? setting.standard : ""
  }

  // MARK: ecs

  static func containerFaults(_ containers: String) throws -> [String] {
    let object = try JSONParser().parseObject(Array(containers.utf8))
    return object.keys.flatMap { key -> [String] in
      guard let container = object[key]?.object, let command = container["command"]?.array?.first?.string else {
        return []
      }
      let variables = ["environment", "secrets"].flatMap { container[$0]?.object.map { Array($0.keys) } ?? [] }
      if !["gatehouse", "gatehouse-sidecar"].contains(command) {
        return variables.map { "\(command) reads no \($0)" }
      }
      return variables.filter { !names(of: command).contains($0) }.map { "\(command) does not read \($0) of \(key)" }
    }
  }

  /// Words of a file that look like a variable of ours, and that no program reads.
  static func strangers(in text: String) -> [String] {
    text.matches(
      of:
        /\b(?:MEM|SIDECAR|KEEP|OFFSITE|JWT|DOORMAN|DRAIN|TRASH|AUTH|LOGIN|REGISTER|COOKIE|CORS|ALLOW|LOG)_[A-Z0-9_]+\b/
    ).map { String($0.output) }.filter { !allNames.contains($0) }
  }
}
