import JSON
import Testing

@testable import DumpFormat

@Suite("A dump's header")
struct HeaderTests {
  private static let order = DumpOrder(epoch: 3, sequence: 17)

  private static func read(_ object: JSONObject) -> DumpHeader? { DumpHeader { object[$0] } }

  @Test(
    "comes back from a dump as it was written, without and with authentication",
    arguments: [nil, order])
  func dump(order: DumpOrder?) throws {
    let (bytes, written) = try Dumps.sealed([("users", ["{}"])], order: order)
    let header = DumpHeader(format: .dmp1, createdAt: "2026-01-02T03:04:05.678901Z", order: order)
    #expect(written.header == header)
    #expect(try UnverifiedDump(BytesSource(bytes: bytes)).unverifiedHeader(Dumps.keyring) == header)
    #expect(try Dumps.read(bytes).summary.header == header)
  }

  @Test("has one spelling in JSON, and is read from it")
  func json() {
    let header = DumpHeader(createdAt: "2026-01-02T03:04:05Z", order: Self.order)
    let object = JSONObject(header.fields)
    #expect(
      JSONWriter.text(.object(object))
        == #"{"format":"DMP1","created_at":"2026-01-02T03:04:05Z","epoch":3,"sequence":17}"#)
    #expect(DumpHeader { object[$0] } == header)
    let texts = JSONObject(
      header.fields.map { ($0.0, .string($0.1.string ?? JSONWriter.text($0.1))) })
    #expect(DumpHeader { texts[$0] } == header)
  }

  @Test("is read without an order or a format, but not without a time or with an unknown format")
  func parts() {
    let header = DumpHeader(createdAt: "t")
    #expect(DumpHeader { JSONObject(header.fields)[$0] } == header)
    #expect(Self.read(["created_at": "t"]) == header)
    #expect(Self.read(["created_at": "t", "epoch": 3]) == header)
    #expect(Self.read(["created_at": "t", "epoch": 0, "sequence": 1]) == header)
    #expect(Self.read(["format": "DMP1"]) == nil)
    #expect(Self.read(["created_at": 1]) == nil)
    for format: JSONValue in ["DMP9", "dmp1", "", .null, 1] {
      #expect(Self.read(["created_at": "t", "format": format]) == nil)
    }
  }
}
