import DumpDirectory
import DumpFormat
import Foundation
import Persistence
import TestSupport
import Testing

@Suite("Converting a dump")
struct ConversionTests {
  private static let key = DumpKey("an earlier key, of some 32 characters")
  private static let keyring = DumpKeyring(sealing: DumpKey("the present key, of some 32 characters"), older: [key])

  private func write(_ format: DumpFormatName, program: String, _ documents: [String], in directory: URL) throws
    -> String
  {
    let location = try DumpLocation(path: directory.path() + "/state.bin", workingDirectory: "/")
    let header = DumpHeader(
      format: format, createdAt: "2026-11-23T20:11:37.454068Z", order: DumpOrder(epoch: 2, sequence: 5))
    var dump = try DumpDirectory(location).beginDump(to: location, at: 1_795_464_697) { file in
      try DumpWriter(header: header, program: program, key: Self.key, sink: file)
    }
    try dump.beginGroup("users")
    for document in documents { try Array(document.utf8).withUnsafeBytes { try dump.append($0) } }
    try dump.beginGroup("empty")
    return try dump.seal().publish().path
  }

  private func documents(_ path: String) throws -> [String] {
    let location = try DumpLocation(path: path, workingDirectory: "/")
    var documents: [String] = []
    _ = try DumpDirectory(location).open(path).verify(DumpKeyring(sealing: Self.keyring.sealing)).read { _ in
    } record: { _, record in
      documents.append(String(decoding: record, as: UTF8.self))
    }
    return documents
  }

  @Test(
    "gives the same dump in the other format, under the present key, with one spelling of each document",
    arguments: [(DumpFormatName.dmp1, DumpFormatName.dmp2), (.dmp2, .dmp1), (.dmp2, .dmp2), (.dmp1, .dmp1)])
  func formats(from: DumpFormatName, to: DumpFormatName) async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let (old, new) = (root.appending(path: "old"), root.appending(path: "new"))
      let path = try write(from, program: "other", ["{ \"_id\": \"1\" }", "{\"_id\":\"2\"}"], in: old)
      let directory = DumpDirectory(try DumpLocation(path: old.path() + "/state.bin", workingDirectory: "/"))
      let conversion = DumpConversion(of: directory, keyring: Self.keyring, program: "gatehouse/test")
      let written = try conversion.convert(path, to: to, into: new.path())
      #expect(written.path == new.path() + "/state-20261123T201137Z.bin")
      #expect(try documents(written.path) == ["{\"_id\":\"1\"}", "{\"_id\":\"2\"}"])
      #expect(written.summary.format == to && written.summary.counts.map(\.records) == [2, 0])
      #expect(written.summary.createdAt == "2026-11-23T20:11:37.454068Z")
      #expect(written.summary.order == DumpOrder(epoch: 2, sequence: 5))
    }
  }

  @Test("leaves nothing behind when the dump is damaged, holds no JSON, or should go where it comes from")
  func faults() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let (old, new) = (root.appending(path: "old"), root.appending(path: "new"))
      let path = try write(.dmp2, program: "other", ["{\"_id\":\"1\"}", "{nothing}"], in: old)
      let directory = DumpDirectory(try DumpLocation(path: old.path() + "/state.bin", workingDirectory: "/"))
      let conversion = DumpConversion(of: directory, keyring: Self.keyring, program: "gatehouse/test")
      #expect(throws: DumpDirectoryError.self) { try conversion.convert(path, to: .dmp1, into: old.path()) }
      #expect {
        try conversion.convert(path, to: .dmp1, into: new.path())
      } throws: {
        if case .document("users", 2, _)? = $0 as? RestoreError { true } else { false }
      }
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes[bytes.count - 20] ^= 1
      try bytes.write(to: URL(filePath: path))
      #expect {
        try conversion.convert(path, to: .dmp1, into: new.path())
      } throws: {
        ($0 as? DumpFormatError)?.code == .damaged
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: new.path())
      #expect(left.isEmpty, "\(left)")
    }
  }
}
