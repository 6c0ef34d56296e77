import Foundation
import Retention
import Settings
import Testing

@testable import Sidecar

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

  @Test("keeps journals for a week beside any rules, and takes another time")
  func journals() throws {
    #expect(try load([:]).retention.journal == 7 * 86_400)
    #expect(try load(["KEEP_LAST": "3"]).retention.journal == 7 * 86_400)
    #expect(
      try load(["KEEP_JOURNAL": "36h"]).retention == .init(last: 5, hourly: 24, daily: 7, weekly: 4, journal: 36 * 3600)
    )
    #expect(try load(["KEEP_JOURNAL": "0"]).retention.journal == 0)
    #expect(faults(["KEEP_JOURNAL": "soon"]) == ["KEEP_JOURNAL"])
  }

  @Test("takes a rule that is 0 for one that is off, and refuses when that leaves none")
  func rulesThatAreOff() throws {
    let variables = [
      "KEEP_LAST", "KEEP_HOURLY", "KEEP_DAILY", "KEEP_WEEKLY", "KEEP_MONTHLY", "KEEP_YEARLY", "KEEP_WITHIN",
      "KEEP_MAX_BYTES", "KEEP_MAX_COUNT",
    ]
    for variable in variables {
      for zero in ["0", "00", " 0 "] { #expect(faults([variable: zero]) == [variable], "\(variable)=\(zero)") }
      for wrong in ["-1", "-0", "+1", "0x1", "1.5", "99999999999999999999", "x"] {
        #expect(faults([variable: wrong]) == [variable], "\(variable)=\(wrong)")
      }
    }
    for zero in ["0d", "0h", "0w", "0s"] { #expect(faults(["KEEP_WITHIN": zero]) == ["KEEP_WITHIN"]) }
    for zero in ["0GB", "0 MiB", "0b"] { #expect(faults(["KEEP_MAX_BYTES": zero]) == ["KEEP_MAX_BYTES"]) }
    let none = Dictionary(uniqueKeysWithValues: variables.map { ($0, "0") })
    #expect(faults(none) == variables)
    #expect(try load(none.merging(["KEEP_LAST": "3"]) { $1 }).retention == .init(last: 3))
    #expect(try load(none.merging(["KEEP_MAX_COUNT": "3"]) { $1 }).retention == .init(maximumCount: 3))
    #expect(throws: ConfigurationFaults.self) { try load(["KEEP_WEEKLY": "0"]) }
    do {
      _ = try load(["KEEP_WEEKLY": "0"])
    } catch {
      let sentence = "\(error)"
      for words in ["KEEP_WEEKLY: is 0 (--keep-weekly)", "no other rule is on", "KEEP_LAST=5"] {
        #expect(sentence.contains(words))
      }
    }
  }

  @Test("keeps nothing in the trash with TRASH_KEEP=0, and takes 0 of other times for off")
  func timesOfZero() throws {
    #expect(try load(["TRASH_KEEP": "0"]).trash.keepFor == 0)
    let off = try load(["SIDECAR_STATUS_EVERY": "0", "SIDECAR_MAX_AGE": "0s"])
    #expect(off.statusPeriod == nil && off.maximumAge == nil)
    #expect(faults(["TRASH_KEEP": "-1d"]) == ["TRASH_KEEP"])
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
    let bucket = ["OFFSITE_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-1"]
    #expect(faults(bucket) == ["OFFSITE_S3_BUCKET"])
    // A role does not take the place of a key that was half set.
    let role = bucket.merging(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]) { $1 }
    #expect(faults(role) == [])
    for (there, missing) in [
      ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ] {
      #expect(faults(role.merging([there: "x"]) { $1 }) == [missing])
    }
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
