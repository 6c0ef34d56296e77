import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Refusals to start")
struct StartRefusalTests {
  /// Waits for the end of a start.
  private func refuse(
    _ root: URL, _ changes: [String: String] = [:], through wrapper: URL? = nil, code: Int32, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"), changes, through: wrapper)
    #expect(try gatehouse.waitForExit() == code, "\(gatehouse.log)", sourceLocation: sourceLocation)
    #expect(gatehouse.logs(words), "\(gatehouse.log)", sourceLocation: sourceLocation)
  }

  @Test("a file in the place of the directory, or on the way to it; a link that leads nowhere, or round in a circle")
  func noDirectory() async throws {
    for name in ["file", "link", "circle"] {
      try await withTemporaryDirectory { (root: URL) async throws in
        let generated = root.appending(path: "generated").path()
        switch name {
        case "file": try Data().write(to: URL(filePath: generated))
        case "link":
          try FileManager.default.createSymbolicLink(atPath: generated, withDestinationPath: "/nowhere/at/all")
        default: try FileManager.default.createSymbolicLink(atPath: generated, withDestinationPath: generated)
        }
        for below in ["", "/below"] {
          try refuse(
            root, ["MEM_DUMP_PATH": "\(generated)\(below)/memory_dump.bin"], code: 73,
            "there can be no dump directory at MEM_DUMP_PATH")
        }
      }
    }
  }

  @Test("a file system in which no directory can be made")
  func unmakeable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try refuse(
        root, ["MEM_DUMP_PATH": "/proc/gatehouse/d.bin"], code: 73, "the dump directory can't be made")
    }
  }

  @Test("a directory that the gateway's user may not write, and one that it may not make")
  func notWritable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        try skip("permissions don't bind this process")
        return
      }
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: false)
      chmod(generated.path(), 0o555)
      try refuse(root, through: wrapper, code: 73, "the dump directory can't be written")
      try refuse(
        root, ["MEM_DUMP_PATH": "\(generated.path())/below/x.bin"], through: wrapper, code: 73,
        "the dump directory can't be written")
    }
  }

  @Test("a volume that is mounted read-only, also with a dump on it that could be loaded")
  func readOnly() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = SmallVolume(root.appending(path: "generated"), size: "256k") else {
        try skip("this process may not mount a tmpfs")
        return
      }
      try await withGatehouse(dumps: volume.url) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.stop() == 0)
      }
      #expect(volume.makeReadOnly())
      try refuse(root, code: 73, "the volume of the dump directory is mounted read-only")
    }
  }

  @Test(
    "a volume that fails, and a system without resources",
    arguments: [
      ("fsync:error=EIO", 74, "the volume of the dump directory fails"),
      ("fsync:error=ESTALE", 74, "the volume of the dump directory fails"),
      ("mkdir:error=ENOMEM", 71, "no descriptor or no memory left to open the dump directory"),
      ("listen:error=EADDRINUSE", 69, "another process has the port"),
      ("bind:error=EACCES", 69, "may not take the port"),
      ("bind:error=ENOBUFS", 71, "no descriptor or no memory left for the socket"),
    ])
  func systemCalls(fault: String, code: Int, words: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let wrapper = try Wrapper.failing(fault, in: root) else {
        try skip("strace does not work here")
        return
      }
      try refuse(root, through: wrapper, code: Int32(code), words)
    }
  }

  @Test("a path that is none, which a check of the settings finds, too")
  func noPath() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for path in ["generated/\u{1}.bin", "generated/.bin", "a/\(String(repeating: "x", count: 300))/d.bin"] {
        try refuse(root, ["MEM_DUMP_PATH": path], code: 78, "MEM_DUMP_PATH: is no valid path for dumps")
        let check = try GatehouseProcess(
          dumps: root.appending(path: "generated"), ["MEM_DUMP_PATH": path], arguments: ["config", "check"])
        #expect(try check.waitForExit() == 78)
        #expect(check.logs("MEM_DUMP_PATH"))
      }
    }
  }

  @Test("a side file with security settings that can't be read as such, which a check of the settings finds, too")
  func sideFile() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: false)
      let file = generated.appending(path: "security_settings.json")
      for text in ["{\"ip_whitelist\": [\"10.0.0.0/8\"]", "[]", "{\"ip_whitelist\": [\"10.0.0.1/99\"]}"] {
        try Data(text.utf8).write(to: file)
        // The file is named by the variable, or is at its default path.
        for changes in [["SECURITY_SETTINGS_FILE": file.path()], [:]] {
          try refuse(root, changes, code: 78, "SECURITY_SETTINGS_FILE: names the file")
          let check = try GatehouseProcess(dumps: generated, changes, arguments: ["config", "check"])
          #expect(try check.waitForExit() == 78)
          #expect(check.logs("SECURITY_SETTINGS_FILE: names the file"))
        }
      }
      try Data("{\"ip_whitelist\": [\"192.0.2.0/24\"], \"allow_localhost_bypass\": false}".utf8).write(to: file)
      let gatehouse = try GatehouseProcess(dumps: generated)
      try gatehouse.waitUntilListening()
      let refused = eventually { (try? gatehouse.send("GET", "/platform/user/me"))?.code == "SEC010" ? true : nil }
      #expect(refused == true)
    }
  }

  @Test("a port that another process has, an address of another host, a name that is none")
  func listening() async throws {
    try await withGatehouse { (first: GatehouseProcess) async throws in
      try await withTemporaryDirectory { (root: URL) async throws in
        try refuse(root, ["PORT": "\(first.port)"], code: 69, "another process has the port")
        try refuse(root, ["HOST": "192.0.2.1"], code: 69, "this host does not have the address")
        try refuse(root, ["HOST": "no-such-host.invalid"], code: 69, "can't listen: set HOST and PORT")
        #expect(!names(in: root.appending(path: "generated")).contains { $0.hasSuffix(".bin") })
      }
    }
  }

  @Test("a dump with users that have the addresses of the environment's accounts")
  func accounts() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let location = try DumpLocation(path: root.path() + "/generated/memory_dump.bin", workingDirectory: "/")
      let dumps = DumpDirectory(location)
      try dumps.prepare()
      var dump = try dumps.beginDump(to: location, at: 1) { file in
        try DumpWriter(
          header: DumpHeader(createdAt: "2026-11-28T00:00:00Z"),
          key: DumpKey(GatehouseProcess.encryptionKey), sink: file)
      }
      try dump.beginGroup("users")
      for (number, email) in [GatehouseProcess.adminEmail, "admin@localhost"].enumerated() {
        let user = #"{"_id":"\#(number)","username":"u\#(number)","email":"\#(email)"}"#
        try Array(user.utf8).withUnsafeBytes { try dump.append($0) }
      }
      let written = try dump.seal().publish()
      try refuse(root, code: 65, "the accounts of the environment can't be put into its state")
      let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"))
      #expect(try gatehouse.waitForExit() == 65)
      #expect(gatehouse.logs(written.path))
      try refuse(
        root,
        SidecarProcess.account.merging(["DOORMAN_ADMIN_EMAIL": "sidecar@sidecar.localhost"]) { $1 }, code: 78,
        "the sidecar's address")
    }
  }
}
