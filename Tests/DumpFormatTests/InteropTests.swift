import Cryptography
import Foundation
import Testing

@testable import DumpFormat

@Suite("DMP1 and Doorman")
struct InteropTests {
  @Test("Doorman's dump opens and holds what it held")
  func peersDump() throws {
    let bytes = Array(try Fixture.data("memory_dump-20261123T201137Z.bin"))
    let expected =
      try JSONSerialization.jsonObject(with: Fixture.data("memory_dump-20261123T201137Z.json")) as? [String: Any]
    let data = try #require(expected?["data"] as? [String: [[String: Any]]])
    let (contents, summary) = try Dumps.read(bytes)
    #expect(Set(contents.groups) == Set(data.keys))
    #expect(summary.createdAt == expected?["created_at"] as? String)
    #expect(summary.bytes == bytes.count)
    for (name, documents) in data {
      let records = try (contents.records[name] ?? []).map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
      }
      #expect(records.map { $0 as NSDictionary } == documents.map { $0 as NSDictionary })
    }
  }

  @Test("the vector is reproduced byte for byte, and opens")
  func vector() throws {
    let vector = try #require(
      try JSONSerialization.jsonObject(with: Fixture.data("dmp1-vector.json")) as? [String: String])
    let salt = [UInt8](hex: vector["salt_hex"] ?? "")
    let nonce = [UInt8](hex: vector["nonce_hex"] ?? "")
    let file = [UInt8](hex: vector["file_hex"] ?? "")
    let key = DumpKey(vector["encryption_key"] ?? "")
    #expect(try DMP1.key(key, salt: salt) == [UInt8](hex: vector["derived_key_hex"] ?? ""))
    let randomness = RandomBytes { $0 == 16 ? salt : nonce }
    let record = #"{"_id":"u1","username":"admin","password":{"__type__":"bytes","data":"JDJiJDEyJA=="}}"#
    let (bytes, summary) = try Dumps.sealed(
      [("users", [record]), ("apis", [])], key: key, randomness: randomness, note: "vector")
    #expect(bytes == file)
    let (contents, read) = try Dumps.read(file, keyring: DumpKeyring(sealing: key))
    #expect(contents == Contents(groups: ["users", "apis"], records: ["users": [record]]))
    #expect(read == summary)
    #expect(read.counts == [.init(name: "users", records: 1), .init(name: "apis", records: 0)])
  }

  @Test("an older key opens, a wrong one does not, and no key shows itself")
  func keys() throws {
    let (bytes, _) = try Dumps.sealed([("a", ["{}"])])
    let rotated = DumpKeyring(sealing: DumpKey("a new key, 32 characters long…!"), older: [DumpKey("x"), Dumps.key])
    #expect(try Dumps.read(bytes, keyring: rotated).summary.records == 1)
    #expect { try Dumps.read(bytes, keyring: DumpKeyring(sealing: DumpKey("wrong"))) } throws: { error in
      (error as? DumpFormatError)?.code == .damagedOrWrongKey && "\(error)".contains("MEM_ENCRYPTION_KEY")
    }
    #expect(!"\(Dumps.key) \(String(reflecting: Dumps.key)) \(Dumps.keyring)".contains("interop"))
  }

  @Test("two dumps of the same content share no bytes behind the magic")
  func freshRandomness() throws {
    let first = try Dumps.sealed([("a", ["{}"])]).bytes
    let second = try Dumps.sealed([("a", ["{}"])]).bytes
    #expect(first[4..<20] != second[4..<20])
    #expect(first[20..<32] != second[20..<32])
  }
}
