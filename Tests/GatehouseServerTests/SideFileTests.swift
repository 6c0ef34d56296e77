import Foundation
import Glibc
import JSON
import Model
import Platform
import Rules
import Settings
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("Doorman's file of security settings")
struct SideFileTests {
  /// The settings that result from a file with a text.
  private func read(_ path: String, dumps: String? = nil) -> (file: SideFile?, missing: String?, faults: [String]) {
    var reader = EnvironmentReader(["SECURITY_SETTINGS_FILE": path]) { _ in "" }
    let (file, missing) = Configuration.sideFile(&reader, dumps: dumps, read: SideFileReader.read)
    return (file, missing, reader.faults.map(\.description))
  }

  @Test(
    "that is no JSON object, or has settings of wrong types or addresses that are none, is a fault that names it",
    arguments: [
      ("", "no JSON object"), ("{", "no JSON object"), ("[]", "no JSON object"), ("null", "no JSON object"),
      ("{\"ip_whitelist\": [\"10.0.0.0/8\"]} x", "no JSON object"), ("\u{FEFF}{}", "no JSON object"),
      (#"{"ip_whitelist": "10.0.0.0/8"}"#, "ip_whitelist"), (#"{"ip_whitelist": [1]}"#, "ip_whitelist"),
      (#"{"ip_whitelist": ["10.0.0.0/33"]}"#, "'10.0.0.0/33', which is neither"),
      (#"{"ip_blacklist": ["everybody"]}"#, "ip_blacklist"), (#"{"xff_trusted_proxies": [""]}"#, "xff_trusted_proxies"),
      (#"{"trust_x_forwarded_for": "perhaps"}"#, "trust_x_forwarded_for"), (#"{"dump_path": []}"#, "dump_path"),
      (#"{"auto_save_frequency_seconds": 59}"#, "auto_save_frequency_seconds"),
      (#"{"allow_localhost_bypass": 2}"#, "allow_localhost_bypass"), (#"{"enable_auto_save": {}}"#, "enable_auto_save"),
    ])
  func unusable(text: String, words: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let path = root.appending(path: "settings.json").path()
      try Data(text.utf8).write(to: URL(filePath: path))
      let (file, _, faults) = read(path)
      #expect(file == nil)
      let fault = try #require(faults.first)
      #expect(faults.count == 1)
      #expect(fault.hasPrefix("SECURITY_SETTINGS_FILE: names the file '\(path)'"))
      #expect(fault.contains(words) && fault.contains("mend it"), "\(fault)")
    }
  }

  @Test("that is not UTF-8, or larger than such a file can be, is a fault")
  func bytes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let url = root.appending(path: "settings.json")
      try Data(Array(#"{"dump_path": ""#.utf8) + [0xFF] + Array(#""}"#.utf8)).write(to: url)
      #expect(read(url.path()).faults.first?.contains("UTF-8") == true)
      try Data(repeating: 0x20, count: (1 << 20) + 1).write(to: url)
      #expect(read(url.path()).faults.first?.contains("1 MiB") == true)
    }
  }

  @Test("that is there and can't be read is a fault: a directory, a pipe, a link that leads nowhere, no right to")
  func unreadable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let path = { (name: String) in root.appending(path: name).path() }
      try FileManager.default.createDirectory(atPath: path("directory"), withIntermediateDirectories: false)
      #expect(mkfifo(path("pipe"), 0o600) == 0)
      try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "/nowhere.json")
      try FileManager.default.createSymbolicLink(atPath: path("circle"), withDestinationPath: path("circle"))
      for name in ["directory", "pipe", "link", "circle", String(repeating: "x", count: 300)] {
        let (file, missing, faults) = read(path(name))
        #expect(file == nil && missing == nil)
        #expect(faults.first?.contains("can't be read") == true, "\(name): \(faults)")
      }
    }
  }

  @Test("that is not there is none; its directory must be there, unless the start makes it")
  func absent() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let there = read(root.appending(path: "settings.json").path())
      #expect(there.faults == [])
      #expect(there.missing != nil)
      let directory = root.appending(path: "generated").path()
      let elsewhere = read("\(directory)/settings.json", dumps: "/data/memory_dump.bin")
      #expect(elsewhere.faults.first?.contains("its directory is not there") == true)
      #expect(read("\(directory)/settings.json", dumps: "\(directory)/memory_dump.bin").faults == [])
      var reader = EnvironmentReader([:]) { _ in "" }
      let standard = Configuration.sideFile(&reader, dumps: nil) { _ throws(SideFileReader.Failure) in
        throw .noDirectory
      }
      #expect(standard.file == nil && standard.missing == nil)
      #expect(reader.faults.isEmpty)
    }
  }

  @Test("that is in order gives the settings that it has")
  func good() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let path = root.appending(path: "settings.json").path()
      try Data(#"{"ip_whitelist": ["10.0.0.0/8", "::1"], "dump_path": null, "other": {}}"#.utf8).write(
        to: URL(filePath: path))
      let (file, _, faults) = read(path)
      #expect(faults == [])
      let defaults = SecuritySettings.Defaults(
        enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true,
        sideFile: try #require(file).settings)
      #expect(defaults.document["ip_whitelist"]?.strings == ["10.0.0.0/8", "::1"])
      #expect(defaults.document["dump_path"] == "/d/x.bin")
      #expect(defaults.document["other"] == nil)
    }
  }
}
