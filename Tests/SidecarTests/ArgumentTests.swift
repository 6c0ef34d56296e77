import Foundation
import Settings
import Testing

@testable import Sidecar

@Suite("The command line")
struct ArgumentTests {
  private func fault(_ arguments: String...) -> String? {
    do {
      _ = try Invocation(arguments)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("runs by default, and takes flags before and behind the command, with their values in both spellings")
  func reading() throws {
    #expect(try Invocation([]).request == .command(.run))
    let prune = try Invocation(["--keep-last", "3", "prune", "--dry-run", "--keep-within=36h", "--json"])
    #expect(prune.request == .command(.prune))
    #expect(prune.switches == [.dryRun, .json])
    #expect(prune.settings == ["KEEP_LAST": "3", "KEEP_WITHIN": "36h"])
    #expect(try Invocation(["verify", "a", "b"]).operands == ["a", "b"])
    #expect(try Invocation(["list", "--help"]).request == .help(.list))
    #expect(try Invocation(["help", "verify"]).request == .help(.verify))
    #expect(try Invocation(["-h"]).request == .help(nil))
    #expect(try Invocation(["--version"]).request == .version)
  }

  @Test("says in a sentence what is wrong")
  func faults() {
    #expect(fault("bogus")?.contains("Unexpected argument 'bogus'") == true)
    #expect(fault("--bogus")?.contains("Unknown option '--bogus'") == true)
    #expect(fault("-x")?.contains("Unknown option '-x'") == true)
    #expect(fault("--keep-last")?.contains("Missing value for '--keep-last <n>'") == true)
    #expect(fault("list", "--dry-run")?.contains("Unknown option '--dry-run'") == true)
    #expect(fault("list", "x")?.contains("Unexpected argument 'x'") == true)
    // Secrets have no flags: the list of processes shows flags to everyone.
    #expect(fault("--password", "x") != nil)
    #expect(fault("--encryption-key", "x") != nil)
  }

  @Test("is explained by --help: every command, flag, variable, default and exit code")
  func help() throws {
    let settings = SidecarConfiguration.settings.descriptions.filter { $0.flag != nil }
    for setting in settings {
      #expect(Help.text().contains(try #require(setting.flag)))
      #expect(Help.text().contains("[\(setting.flagVariable); default: \(setting.standard)]"))
    }
    for command in SidecarCommand.allCases { #expect(Help.text().contains("  \(command.rawValue)")) }
    for command in SidecarCommand.allCases {
      let text = Help.text(of: command)
      #expect(text.contains(command.help.prefix(20)) && text.contains("USAGE: gatehouse-sidecar \(command.rawValue)"))
      for option in command.switches { #expect(text.contains("  \(option.rawValue) ")) }
    }
    for code in SidecarExit.allCases { #expect(Help.text().contains("  \(code.rawValue) ")) }
    #expect(settings.count == 30)
    #expect(Set(settings.map(\.flagName)).count == settings.count)
  }
}

@Suite("The sidecar's pages")
struct SidecarPageTests {
  private func page(_ name: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/\(name)"), encoding: .utf8)
  }

  @Test("describe every setting, outcome, exit code and metric")
  func complete() throws {
    let configuration = try page("reference/configuration.md")
    for setting in SidecarConfiguration.settings.descriptions where !configuration.contains("`\(setting.variable)`") {
      Issue.record("configuration.md lacks \(setting.variable)")
    }
    let codes = try page("reference/exit-codes.md")
    for outcome in DrainOutcome.allCases {
      let beginning = "| `\(outcome.rawValue)` | \(outcome.exit.rawValue) |"
      if !codes.contains(beginning) {
        Issue.record("exit-codes.md, Outcomes of a drain, lacks this row: \(beginning) … |")
      }
    }
    let section = try #require(codes.components(separatedBy: "## Outcomes of a drain").last)
    #expect(section.matches(of: /(?m)^\| `/).count == DrainOutcome.allCases.count)
    for command in SidecarCommand.allCases {
      let text = Help.text(of: command)
      #expect(text.contains(command.help.prefix(20)) && text.contains("USAGE: gatehouse-sidecar \(command.rawValue)"))
      for option in command.switches { #expect(text.contains("  \(option.rawValue) ")) }
    }
  }
}
