import Foundation
import Listener
import Logging
import Logs
import Platform
import Settings
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("The configuration")
struct ConfigurationTests {
  static let secrets = [
    "MEM_ENCRYPTION_KEY": "sealing-key-abc", "JWT_SECRET_KEY": "signing-key-def",
    "DOORMAN_ADMIN_PASSWORD": "admin-pass-ghi",
  ]

  private func load(_ changes: [String: String] = [:], descriptors: Int = 20_000) throws -> Configuration {
    try Configuration.load(Self.secrets.merging(changes) { $1 }, descriptors: descriptors) { path in
      guard let text = ["/run/key": "key-from-a-file\n", "/run/empty": ""][path] else {
        throw CocoaError(.fileNoSuchFile)
      }
      return text
    }
  }

  private func faults(_ changes: [String: String], descriptors: Int = 20_000) -> [ConfigurationFaults.Fault] {
    do {
      _ = try load(changes, descriptors: descriptors)
      return []
    } catch {
      return (error as? ConfigurationFaults)?.faults ?? []
    }
  }

  @Test("has Doorman's defaults")
  func defaults() throws {
    let configuration = try load()
    #expect(configuration.host == "0.0.0.0")
    #expect(configuration.port == 5001)
    #expect(configuration.memory.dumps.path == "generated/memory_dump.bin")
    #expect(!configuration.memory.autoSaveEnabled)
    #expect(configuration.memory.autoSaveFrequency == 900)
    #expect(configuration.administrator.email == "admin@doorman.dev")
    #expect(configuration.platform.tokens.access == 1800)
    #expect(configuration.platform.tokens.refresh == 604_800)
    #expect(configuration.platform.loginLimit?.count == 5)
    #expect(configuration.platform.maximumPageSize == 200)
    #expect(configuration.platform.maximumBodySize == 1_048_576)
    #expect(configuration.platform.localhostBypass == nil)
  }

  @Test("takes as many connections as leave descriptors free, also for servers where none are set, and refuses more")
  func connections() throws {
    for descriptors in [256, 1024, 20_000, 1 << 20] {
      let connections = try load(descriptors: descriptors).connections
      let taken = ConnectionTable.Limits(maximum: connections.maximum).descriptors + Configuration.ownDescriptors
      #expect(taken <= descriptors - 64 - min(500, connections.maximum / 3))
      #expect(connections.maximum <= 10_000)
      #expect(connections.maximum > descriptors / 4 || connections.maximum == 10_000)
      #expect(connections.perAddress == connections.maximum / 4)
    }
    let most = 1024 - 64 - Configuration.ownDescriptors - ConnectionTable.Limits(maximum: 0).descriptors
    #expect(try load(["MAX_CONNECTIONS": "\(most)"], descriptors: 1024).connections.maximum == most)
    let faults = faults(["MAX_CONNECTIONS": "\(most + 1)"], descriptors: 1024)
    #expect(faults.map(\.name) == ["MAX_CONNECTIONS"])
    #expect(faults.first?.sentence.contains("from 1 to \(most)") == true)
    #expect(faults.first?.sentence.contains("ulimit -n") == true)
    #expect(self.faults([:], descriptors: 100).first?.sentence.contains("Raise the limit") == true)
    #expect(try load(["MAX_CONNECTIONS_PER_ADDRESS": "off"]).connections.perAddress == nil)
    #expect(try load(["MAX_CONNECTIONS_PER_ADDRESS": "3"]).connections.perAddress == 3)
    #expect(self.faults(["MAX_CONNECTIONS_PER_ADDRESS": "0"]).map(\.name) == ["MAX_CONNECTIONS_PER_ADDRESS"])
    #expect(self.faults(["MAX_REQUEST_MEMORY_BYTES": "1000"]).map(\.name) == ["MAX_REQUEST_MEMORY_BYTES"])
  }

  @Test("reads what is set")
  func reading() throws {
    let configuration = try load([
      "PORT": "0", "MEM_AUTO_SAVE_ENABLED": "Yes", "MEM_AUTO_SAVE_FREQ": "60", "MEM_AUTO_SAVE_MAX_AGE": "3600",
      "AUTH_EXPIRE_TIME": "2",
      "AUTH_EXPIRE_TIME_FREQ": "hours",
      "LOGIN_IP_RATE_DISABLED": "1", "DISABLE_BODY_SIZE_LIMIT": "true",
      "MEM_ENCRYPTION_KEYS_OLD": "older-key-1, older-key-2",
      "COOKIE_SAMESITE": "none", "LOCAL_HOST_IP_BYPASS": "false", "LOG_FORMAT": "JSON", "LOG_LEVEL": "debug",
      "HOST": "",
    ])
    #expect(configuration.port == 0)
    #expect(configuration.host == "0.0.0.0")
    #expect(configuration.memory.autoSaveEnabled)
    #expect(configuration.memory.autoSaveMaximumAge == 3600)
    #expect(configuration.platform.tokens.access == 7200)
    #expect(configuration.platform.loginLimit == nil)
    #expect(configuration.platform.maximumBodySize == nil)
    #expect(configuration.memory.dumps.olderKeys.map { $0.reveal() } == ["older-key-1", "older-key-2"])
    #expect(configuration.platform.cookies.sameSite == .none)
    #expect(configuration.platform.localhostBypass == false)
    #expect(configuration.log.level == .debug)
  }

  @Test(
    "refuses what it can't take, with the variable and the remedy",
    arguments: [
      ("PORT", "http", "0 to 65535"), ("PORT", "70000", "0 to 65535"), ("THREADS", "2", "THREADS=1"),
      ("MEM_OR_EXTERNAL", "REDIS", "=MEM"),
      ("MEM_OR_EXTERNAL", "DISK", "MEM, REDIS, EXTERNAL"), ("MEM_ENCRYPTION_KEY", "short", "at least 8"),
      ("MEM_AUTO_SAVE_FREQ", "59", "at least 60"), ("MEM_AUTO_SAVE_MAX_AGE", "899", "MEM_AUTO_SAVE_FREQ (900)"),
      ("MEM_AUTO_SAVE_MAX_AGE", "3600", "MEM_AUTO_SAVE_ENABLED=true"),
      ("MEM_AUTO_SAVE_ENABLED", "maybe", "true or false"), ("ENV", "live", "production"), ("LOG_LEVEL", "LOUD", "INFO"),
      ("MEM_DUMP_FORMAT", "dmp9", "dmp2, dmp1"),
      ("AUTH_EXPIRE_TIME", "0", "whole number"), ("AUTH_EXPIRE_TIME_FREQ", "moons", "minutes"),
      ("COOKIE_SAMESITE", "loose", "Strict"),
      ("MAX_PAGE_SIZE", "-1", "whole number"), ("DOORMAN_ADMIN_EMAIL", "nobody", "e-mail"),
      ("JWT_KEYS", "[]", "JSON list"), ("MEM_ENCRYPTION_KEYS_OLD", "a,b", "8 characters"),
      ("CONTENT_SECURITY_POLICY", "a\nb", "one line"),
    ])
  func refusals(name: String, value: String, remedy: String) {
    let faults = faults([name: value])
    #expect(faults.map(\.name) == [name])
    #expect(faults.first?.sentence.contains(remedy) == true, "\(faults)")
  }

  @Test("needs its secrets, and lists all faults at once")
  func missing() {
    let names = faults([
      "MEM_ENCRYPTION_KEY": "", "JWT_SECRET_KEY": "", "DOORMAN_ADMIN_PASSWORD": "", "PORT": "x", "THREADS": "4",
    ]).map(\.name)
    #expect(Set(names) == ["MEM_ENCRYPTION_KEY", "JWT_SECRET_KEY", "DOORMAN_ADMIN_PASSWORD", "PORT", "THREADS"])
  }

  @Test("is stricter in production")
  func production() throws {
    let names = faults(["ENV": "production"]).map(\.name)
    #expect(Set(names) == ["MEM_ENCRYPTION_KEY", "JWT_SECRET_KEY", "DOORMAN_ADMIN_PASSWORD", "HTTPS_ONLY"])
    let long = String(repeating: "k", count: 32)
    _ = try load([
      "ENV": "production", "MEM_ENCRYPTION_KEY": long, "JWT_SECRET_KEY": long,
      "DOORMAN_ADMIN_PASSWORD": "Correct-Horse-Battery-9", "HTTPS_ONLY": "true",
    ])
  }

  @Test("takes secrets from files")
  func files() throws {
    #expect(
      try load(["MEM_ENCRYPTION_KEY": "", "MEM_ENCRYPTION_KEY_FILE": "/run/key"]).memory.dumps.encryptionKey.reveal()
        == "key-from-a-file")
    #expect(faults(["MEM_ENCRYPTION_KEY_FILE": "/run/key"]).first?.sentence.contains("keep one") == true)
    #expect(
      faults(["MEM_ENCRYPTION_KEY": "", "MEM_ENCRYPTION_KEY_FILE": "/none"]).map(\.name) == ["MEM_ENCRYPTION_KEY_FILE"])
    #expect(
      faults(["MEM_ENCRYPTION_KEY": "", "MEM_ENCRYPTION_KEY_FILE": "/run/empty"]).map(\.name) == [
        "MEM_ENCRYPTION_KEY_FILE"
      ])
  }

  @Test("shows no secret in any rendering")
  func redaction() throws {
    let configuration = try load()
    var dumped = ""
    dump(configuration, to: &dumped)
    let renderings = [
      configuration.listing.table, configuration.listing.json, "\(configuration)",
      String(reflecting: configuration.memory), dumped,
    ]
    for rendering in renderings {
      for secret in Self.secrets.values {
        #expect(!rendering.contains(secret))
      }
    }
    #expect(configuration.listing.table.contains("set (15 characters)"))
    #expect(faults(["MEM_ENCRYPTION_KEY": "tiny!"]).allSatisfy { !$0.sentence.contains("tiny!") })
  }

  @Test("is documented variable by variable")
  func documentation() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "docs/reference/configuration.md"), encoding: .utf8)
    for name in try load().listing.names where !page.contains("`\(name)`") {
      Issue.record("configuration.md lacks \(name)")
    }
  }
}
