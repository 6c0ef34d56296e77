import DumpDirectory
import DumpFormat
import DumpReports
import JSON
import Testing

@testable import Sidecar

@Suite("The metadata of a copy in S3")
struct CopyMetadataTests {
  @Test("carries a dump's header and counts, and gives the header back")
  func metadata() {
    let order = DumpOrder(epoch: 3, sequence: 17)
    let header = DumpHeader(createdAt: "2026-11-23T20:11:37.454068Z", order: order)
    let good = GoodDump(
      header: header, documents: 5, sha256: "ab", collections: [.init(name: "users", documents: 5)])
    let metadata = Dictionary(OffsiteStore.Copy.metadata(of: good)) { $1 }
    #expect(
      metadata == [
        "gatehouse-format": "DMP1", "gatehouse-created-at": "2026-11-23T20:11:37.454068Z", "gatehouse-documents": "5",
        "gatehouse-sha256": "ab", "gatehouse-epoch": "3", "gatehouse-sequence": "17",
      ])
    let object = S3Object(key: "p/d-20261123T201137Z.bin", bytes: 9)
    let keyed = Dictionary(metadata.map { (UTF8Key($0), $1) }) { $1 }
    let copy = OffsiteStore.Copy(object, keyed)
    #expect(copy.entry.header == header && copy.documents == 5)
    // Versions that had no format wrote these.
    let older = OffsiteStore.Copy(object, keyed.filter { $0.key != UTF8Key("gatehouse-format") })
    #expect(older.entry.header == header)
    #expect(OffsiteStore.Copy(object, [:]).entry.header == nil)
    #expect(
      OffsiteStore.Copy.metadata(
        of: .init(header: DumpHeader(createdAt: "t"), documents: 0, sha256: "", collections: [])
      ).count == 4)
  }
}
