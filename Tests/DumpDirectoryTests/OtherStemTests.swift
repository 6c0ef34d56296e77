import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("Dumps of another stem and other files beside the dumps")
struct OtherStemTests {
  /// Stems with the same beginning, the same end, or a different Unicode spelling.
  private static let stems = [
    "memory_dump", "memory_dump-old", "memory", "memory_dump-20260101T000000Z", "Memory_dump", "memory_dump.bin",
    "memory_dump-0001", "\u{FC}ber *?[a-z] {x}", "u\u{308}ber *?[a-z] {x}", " ",
  ]

  @Test("are not listed, not part of the order, and not a change of the directory")
  func listing() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let directories = Self.stems.map { DumpDirectory(DumpLocation(directory: url.path(), stem: $0)) }
      var paths: [String] = []
      for (number, own) in directories.enumerated() {
        let before = try directories.map { try $0.fingerprint(isClose: true) }
        paths.append(try write(own, DumpOrder(epoch: 100 - number, sequence: 1)))
        for (other, fingerprint) in zip(directories, before) {
          let isSame = try fingerprint.isSame(as: other.fingerprint(isClose: true))
          #expect(isSame == (other.location != own.location))
        }
      }
      for (number, own) in directories.enumerated() {
        #expect(try own.catalogue(DirectoryTests.keyring).map(\.path) == [paths[number]])
        var survey = OrderSurvey()
        #expect(try survey.highest(in: own, DirectoryTests.keyring) == DumpOrder(epoch: 100 - number, sequence: 1))
        #expect(try own.leftAlone().others.count == directories.count - 1)
      }
    }
  }

  private func write(_ directory: DumpDirectory, _ order: DumpOrder?) throws -> String {
    var dump = try directory.beginDump(to: directory.location, at: 1_795_464_697) { file in
      try DumpWriter(
        header: DumpHeader(createdAt: "2026-11-23T20:11:37Z", order: order),
        key: DirectoryTests.keyring.sealing, sink: file)
    }
    try dump.beginGroup("users")
    return try dump.seal().publish().path
  }

  @Test("keep their unfinished files and their dumps in the trash")
  func filesOnTheWay() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let other = DumpDirectory(DumpLocation(directory: url.path(), stem: "memory_dump-old"))
      let unfinished = ".memory_dump-old-20260101T000000Z.bin.7-0.tmp"
      try Data("theirs".utf8).write(to: url.appending(path: unfinished))
      let foreign = URL(filePath: try write(other, nil)).lastPathComponent
      let own = URL(filePath: try write(directory, nil)).lastPathComponent
      #expect(try directory.prepare() == [])
      #expect(throws: DumpDirectoryError.self) {
        try directory.moveToTrash(foreign, FileIdentity(of: "\(url.path())/\(foreign)"))
      }
      #expect(try other.moveToTrash(foreign, FileIdentity(of: "\(url.path())/\(foreign)")))
      #expect(try directory.moveToTrash(own, FileIdentity(of: "\(url.path())/\(own)")))
      for name in ["before-upgrade.bin", "memory_dump-20260101T000000Z.bin.x", "memory_dump-20260101T000000Z.bin.01"] {
        try Data("DMP1".utf8).write(to: url.appending(path: "trash/\(name)"))
      }
      #expect(try directory.trash().map(\.name) == [own])
      #expect(throws: DumpDirectoryError.self) { try directory.removeFromTrash(foreign) }
      #expect(throws: DumpDirectoryError.self) { try directory.removeFromTrash("before-upgrade.bin") }
      try directory.removeFromTrash(own)
      #expect(names(in: url.appending(path: "trash")).contains(foreign))
      #expect(try other.prepare() == [unfinished])
    }
  }

  @Test("are reported by name and kind, without waiting for a pipe")
  func leftAlone() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let own = try write(directory, nil)
      let path = { (name: String) in url.appending(path: name).path() }
      try FileManager.default.createSymbolicLink(
        atPath: path("memory_dump-20300101T000000Z.bin"), withDestinationPath: own)
      try FileManager.default.createSymbolicLink(
        atPath: path("memory_dump-20300101T000001Z.bin"), withDestinationPath: "/nowhere")
      try FileManager.default.createDirectory(
        atPath: path("memory_dump-20300101T000002Z.bin"), withIntermediateDirectories: true)
      #expect(mkfifo(path("memory_dump-20300101T000003Z.bin"), 0o600) == 0)
      let socket = try bind(path("memory_dump-20300101T000004Z.bin"))
      defer { close(socket) }
      for name in ["memory_dump.bin", "before-upgrade.BIN", "memory_dump-20261301T000000Z.bin", "notes.txt", ".x.bin"] {
        try FileManager.default.copyItem(atPath: own, toPath: path(name))
      }
      #expect(try directory.catalogue(DirectoryTests.keyring).map(\.path) == [own])
      let leftAlone = try directory.leftAlone()
      #expect(
        leftAlone.impostors.map(\.kind) == ["a symbolic link", "a symbolic link", "a directory", "a pipe", "a socket"])
      #expect(leftAlone.others == ["before-upgrade.BIN", "memory_dump-20261301T000000Z.bin", "memory_dump.bin"])
    }
  }

  private func bind(_ path: String) throws -> Int32 {
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    try #require(isBound)
    return socket
  }
}
