import DumpDirectory
import DumpFormat
import DumpReports
import JSON
import Testing

@testable import Sidecar

@Suite("The metadata of copies in S3")
struct OffsiteMetadataTests {
  @Test("carry the header and counts of a dump, and give the header back")
  func metadata() {
    let order = DumpOrder(epoch: 3, sequence: 17)
    let header = DumpHeader(createdAt: "2026-11-23T20:11:37.454068Z", order: order)
    let good = Verification.Good(
      header: header, documents: 5, sha256: "ab", collections: [.init(name: "users", documents: 5)])
    let metadata = Dictionary(OffsiteStore.Copy.metadata(of: good)) { $1 }
    let keyed = { (metadata: [String: String]) in Dictionary(metadata.map { (UTF8Key($0.key), $0.value) }) { $1 } }
    #expect(
      metadata == [
        "gatehouse-format": "DMP1", "gatehouse-created-at": "2026-11-23T20:11:37.454068Z",
        "gatehouse-documents": "5",
        "gatehouse-sha256": "ab", "gatehouse-epoch": "3", "gatehouse-sequence": "17",
      ])
    let object = S3Object(key: "p/d-20261123T201137Z.bin", bytes: 9)
    let copy = OffsiteStore.Copy(object, keyed(metadata))
    #expect(copy.entry.header == header && copy.documents == 5)
    // Versions that had no format wrote these.
    let older = OffsiteStore.Copy(object, keyed(metadata.filter { $0.key != "gatehouse-format" }))
    #expect(older.entry.header == header)
    #expect(OffsiteStore.Copy(object, [:]).entry.header == nil)
    #expect(
      OffsiteStore.Copy.metadata(
        of: .init(header: DumpHeader(createdAt: "t"), documents: 0, sha256: "", collections: [])
      ).count == 4)
  }
}
