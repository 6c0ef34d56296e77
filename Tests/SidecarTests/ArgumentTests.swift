import Foundation
import Retention
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
    #expect(try Invocation(["list", "--help"]).request == .help)
    #expect(try Invocation(["--version"]).request == .version)
  }

  @Test("says in a sentence what is wrong")
  func faults() {
    #expect(fault("bogus")?.contains("unknown command 'bogus'") == true)
    #expect(fault("--bogus")?.contains("unknown option '--bogus'") == true)
    #expect(fault("-x")?.contains("unknown option '-x'") == true)
    #expect(fault("--keep-last")?.contains("--keep-last needs a value: N") == true)
    #expect(fault("list", "--dry-run")?.contains("'list' does not take --dry-run") == true)
    #expect(fault("list", "x")?.contains("'list' does not take 'x'") == true)
    // Secrets have no flags: the list of processes shows flags to everyone.
    #expect(fault("--password", "x") != nil)
    #expect(fault("--encryption-key", "x") != nil)
  }

  @Test("is explained by --help: every command, flag, variable, default and exit code")
  func help() {
    for setting in Setting.all {
      #expect(Help.text.contains("\(setting.flag) \(setting.placeholder)"))
      #expect(Help.text.contains("[\(setting.variable); default: \(setting.standard)]"))
    }
    for command in SidecarCommand.allCases { #expect(Help.text.contains("  \(command.rawValue)")) }
    for code in SidecarExit.allCases { #expect(Help.text.contains("  \(code.rawValue) ")) }
    #expect(Set(Setting.all.map(\.flag)).count == Setting.all.count)
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
    let configuration = try page("configuration.md")
    for setting in Setting.all {
      let variable = setting.variable.hasSuffix("_FILE") ? String(setting.variable.dropLast(5)) : setting.variable
      #expect(configuration.contains("`\(variable)`"), "\(variable)")
    }
    let sidecar = try page("sidecar.md")
    for outcome in DrainOutcome.allCases {
      #expect(sidecar.contains("`\(outcome.rawValue)`, \(outcome.exit.rawValue) |"), "\(outcome)")
    }
    let codes = try #require(sidecar.components(separatedBy: "## Exit codes").last)
    for code in SidecarExit.allCases { #expect(codes.firstMatch(of: try Regex("\\b\(code.rawValue)\\b")) != nil) }
  }
}

@Suite("The sidecar's configuration")
struct SidecarConfigurationTests {
  static let needed = [
    "MEM_ENCRYPTION_KEY": "sealing-key-abc", "SIDECAR_USERNAME": "sidecar", "SIDECAR_PASSWORD": "a-password",
  ]

  private func load(_ changes: [String: String] = [:], logsIn: Bool = true) throws -> SidecarConfiguration {
    try SidecarConfiguration.load(
      Self.needed.merging(changes) { $1 }.filter { !$0.value.isEmpty }, logsIn: logsIn
    ) { path in
      guard path == "/run/secret" else { throw CancellationError() }
      return "from-a-file\n"
    }
  }

  private func faults(_ changes: [String: String], logsIn: Bool = true) -> [String] {
    do {
      _ = try load(changes, logsIn: logsIn)
      return []
    } catch {
      return (error as? ConfigurationFaults)?.faults.map(\.name) ?? []
    }
  }

  @Test("has defaults that need no thought")
  func defaults() throws {
    let configuration = try load()
    #expect(configuration.url == "http://127.0.0.1:5001")
    #expect(configuration.drainDeadline == .seconds(55))
    #expect(configuration.retention == .standard)
    #expect(configuration.trash.keepFor == 86_400)
    #expect(configuration.offsite == nil)
    #expect(configuration.metricsPort == nil)
    #expect(try load(["PORT": "5999"]).url == "http://127.0.0.1:5999")
  }

  @Test("takes only the rules that are set, as soon as one is")
  func rules() throws {
    let policy = try load(["KEEP_DAILY": "3", "KEEP_WITHIN": "14d", "KEEP_MAX_BYTES": "20GB"]).retention
    #expect(policy == .init(daily: 3, within: 14 * 86_400, maximumBytes: 20_000_000_000))
    #expect(try load(["KEEP_MAX_COUNT": "3"]).retention == .init(maximumCount: 3))
  }

  @Test("reads secrets from files, and does not show them")
  func secrets() throws {
    let configuration = try load(["SIDECAR_PASSWORD": "", "SIDECAR_PASSWORD_FILE": "/run/secret"])
    #expect(configuration.account?.password.reveal() == "from-a-file")
    #expect(!"\(configuration)".contains("from-a-file"))
    #expect(!"\(configuration)".contains("sealing-key-abc"))
  }

  @Test("reports every fault at once")
  func everyFault() {
    #expect(
      faults([
        "SIDECAR_PASSWORD": "", "MEM_ENCRYPTION_KEY": "short", "DRAIN_DEADLINE": "0", "KEEP_LAST": "-1",
        "KEEP_WITHIN": "soon", "KEEP_MAX_BYTES": "much", "KEEP_MAX_COUNT": "0", "SIDECAR_URL": "127.0.0.1",
        "SIDECAR_METRICS_PORT": "65536", "LOG_LEVEL": "loud",
      ]).sorted() == [
        "DRAIN_DEADLINE", "KEEP_LAST", "KEEP_MAX_BYTES", "KEEP_MAX_COUNT", "KEEP_WITHIN", "LOG_LEVEL",
        "MEM_ENCRYPTION_KEY", "SIDECAR_METRICS_PORT", "SIDECAR_PASSWORD", "SIDECAR_URL",
      ])
    // Commands that only look at the volume need no account.
    #expect(faults(["SIDECAR_USERNAME": "", "SIDECAR_PASSWORD": ""], logsIn: false) == [])
    #expect(faults(["OFFSITE_S3_BUCKET": "Not A Bucket"]).contains("OFFSITE_S3_BUCKET"))
    #expect(
      faults(["OFFSITE_S3_BUCKET": "bucket", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]) == ["AWS_REGION"])
    #expect(faults(["OFFSITE_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-1"]) == ["OFFSITE_S3_BUCKET"])
  }

  @Test(
    "reads times and sizes",
    arguments: [
      ("90s", 90), ("30m", 1800), ("36h", 129_600), ("14d", 1_209_600), ("2w", 1_209_600), ("7", 7), ("", nil),
      ("h", nil), ("1y", nil), ("-1h", nil), ("99999999999999d", nil), ("9223372036854775807w", nil), ("1.5h", nil),
    ])
  func times(text: String, seconds: Int?) {
    #expect(Quantities.seconds(text) == seconds)
  }

  @Test(
    "reads sizes",
    arguments: [
      ("1000", 1000), ("20GB", 20_000_000_000), ("512MiB", 536_870_912), ("1k", 1024), ("3 TB", 3_000_000_000_000),
      ("x", nil), ("9999999999TB", nil),
    ])
  func sizes(text: String, bytes: Int?) {
    #expect(Quantities.bytes(text) == bytes)
  }
}
