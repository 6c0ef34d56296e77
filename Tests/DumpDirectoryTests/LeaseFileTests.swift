import Foundation
import JSON
import TestSupport
import Testing

@testable import DumpDirectory

/// Binds a socket to a path.
private func bindSocket(_ descriptor: Int32, _ path: String) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}

@Suite("The files of a lease")
struct LeaseFileTests {
  @Test("count as an unknown holder's when damaged: they are watched, then taken above every known epoch")
  func damage() async throws {
    let texts = [
      "", "{", "[]", "{\"holder\":\"x\"}", "\u{0}\u{1}", String(repeating: "[", count: 5000),
      String(repeating: "x", count: 200_000),
      "{\"holder\":\"x\",\"epoch\":9223372036854775807,\"renewal\":1,\"released\":true}",
      "{\"holder\":\"x\",\"epoch\":-3,\"renewal\":1,\"released\":true}",
      "{\"holder\":\"\",\"epoch\":3,\"renewal\":1,\"released\":true}",
    ]
    for text in texts {
      try await withWorld { world, url in
        try Data(text.utf8).write(to: url.appending(path: "lease.json"))
        try Data().write(to: url.appending(path: ".lease-epoch-6"))
        for name in [".lease-epoch-", ".lease-epoch-x", ".lease-epoch-9223372036854775807", ".lease-epoch--1"] {
          try Data().write(to: url.appending(path: name))
        }
        var keeper = world.keeper("a", dumps: 4)
        try world.step(&keeper, for: .seconds(15))
        #expect(keeper.role == .standby(holder: nil))
        try world.step(&keeper, for: .seconds(1))
        #expect(keeper.role == .holding(epoch: 7))
      }
    }
  }

  @Test("can be links, directories or another user's: the lease is taken after a time, and no link is followed")
  func obstacles() async throws {
    try await withWorld { world, url in
      let outside = url.appending(path: "outside")
      try Data("theirs".utf8).write(to: outside)
      try FileManager.default.createSymbolicLink(at: url.appending(path: "lease.json"), withDestinationURL: outside)
      var keeper = world.keeper("a", dumps: 8)
      try world.step(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 9))
      #expect(try Data(contentsOf: outside) == Data("theirs".utf8))
    }
  }

  @Test("can be pipes or sockets: the lease is taken after a time", arguments: ["lease.json", ".gatehouse-lease.json"])
  func specialFiles(name: String) async throws {
    try await withWorld { world, url in
      let path = url.appending(path: name).path()
      #expect(mkfifo(path, 0o600) == 0)
      // An open writer keeps a reader from reaching the end.
      let writer = open(path, O_RDWR | O_CLOEXEC)
      defer { close(writer) }
      var keeper = world.keeper("a")
      try world.step(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 1))
    }
    try await withWorld { world, url in
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      #expect(bindSocket(descriptor, url.appending(path: name).path()) == 0)
      var keeper = world.keeper("a")
      try world.step(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 1))
    }
  }

  @Test("cause an error when they name the highest possible epoch")
  func lastEpoch() async throws {
    try await withWorld { world, url in
      let last = LeaseEpoch.largest - 1
      try Data(#"{"highest_epoch":\#(last),"holder":"x"}"#.utf8).write(to: url.appending(path: ".gatehouse-lease.json"))
      var keeper = world.keeper("a")
      #expect { try keeper.step() } throws: { "\($0)".contains("highest epoch that there can be") }
      #expect(keeper.role == .standby(holder: nil))
    }
  }

  @Test("can be removed while the holder lives: it keeps the lease, and no epoch is used twice")
  func removedFiles() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.step()
      for name in ["lease.json", ".lease-epoch-1"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      var other = world.keeper("b", kernel: "l")
      try other.step()
      #expect(other.role == .standby(holder: nil))
      try holder.step()
      #expect(holder.role == .holding(epoch: 1))
      #expect(try world.reading.record?.epoch == 1)
      #expect(try world.reading.claims == [1])
      for name in ["lease.json", ".lease-epoch-1"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      // The holder ended after the files were removed.
      try world.step(&other, for: .seconds(17))
      #expect(other.role == .holding(epoch: 2))
      for name in ["lease.json", ".lease-epoch-2"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      try holder.step()
      #expect(holder.role == .standby(holder: nil), "it had lost the lease before the files were removed")
    }
  }

  @Test("do not make a living holder that uses another mount look dead")
  func otherMount() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.step()
      let claim = url.appending(path: ".lease-epoch-1")
      // The claim is written as by a holder that sees the file through another device. Its lock is not visible through
      // this mount.
      let text = try String(contentsOf: claim, encoding: .utf8)
      let device = try #require(text.firstMatch(of: /"device":"([0-9]+)"/)?.output.1)
      _ = consume holder
      try Data(text.replacing("\"device\":\"\(device)\"", with: "\"device\":\"\(device)1\"").utf8).write(to: claim)
      var other = world.keeper("b")
      try world.step(&other, for: .seconds(14))
      #expect(other.role == .standby(holder: try world.reading.record))
      try world.step(&other, for: .seconds(3))
      #expect(other.role == .holding(epoch: 2))
    }
  }

  @Test("can be directories: a single task takes the lease all the same")
  func directory() async throws {
    for name in ["lease.json", ".gatehouse-lease.json", ".lease-epoch-1"] {
      try await withWorld { world, url in
        try FileManager.default.createDirectory(
          at: url.appending(path: "\(name)/something"), withIntermediateDirectories: true)
        var keeper = world.keeper("a")
        try world.step(&keeper, for: .seconds(17))
        guard case .holding = keeper.role else {
          Issue.record("\(name): \(keeper.role)")
          return
        }
        #expect(try world.reading.record?.holder.name == "a")
        if name == "lease.json" { #expect(keeper.movedAside?.hasSuffix("lease.json.moved-aside-1") == true) }
        let kept = names(in: url).filter { $0.hasPrefix(name) }.contains {
          FileManager.default.fileExists(atPath: url.appending(path: "\($0)/something").path())
        }
        #expect(kept, "\(names(in: url))")
      }
    }
  }

  @Test("hold a record that is read as it was written")
  func record() {
    let record = LeaseRecord(
      holder: .current(), epoch: 3, renewal: 7, isReleased: true, acquiredAt: "2026-01-01T00:00:00Z", expiresAt: "x",
      address: LeaseAddress(host: "fd00::1", port: 5001, isSecure: true))
    #expect(LeaseRecord(JSONWriter.bytes(record.json)) == record)
    // Older versions state no address, and what is none does not make the record worthless.
    for address in [JSONValue.null, "10.0.0.1:80", ["host": "", "port": 1, "tls": false], ["host": "a", "port": 0]] {
      let read = LeaseRecord(JSONWriter.bytes(record.json.merging(["address": address])))
      #expect(read?.epoch == 3 && read?.address == nil)
    }
    #expect(LeaseHolder.current().name != LeaseHolder.current().name)
    #expect(!LeaseHolder.current().bootID.isEmpty)
    #expect(!LeaseHolder.current().host.isEmpty)
  }
}
