import DumpDirectory
import DumpFormat
import DumpReports
import Testing

@testable import Sidecar

@Suite("KnownDump")
struct KnownDumpTests {
  @Test("takes the time of the name if the header holds none")
  func time() {
    let entry = DumpEntry(
      name: "d-20261123T201137Z.bin", path: "/d", bytes: 1, header: DumpHeader(createdAt: "tomorrow"))
    let good = GoodDump(header: DumpHeader(createdAt: "tomorrow"), documents: 1, sha256: "", collections: [])
    let dump = KnownDump(entry: entry, identity: nil, verification: .good(good))
    #expect(dump.createdSeconds == 1_795_464_697)
    #expect(dump.createdAt == "2026-11-23T20:11:37Z")
  }
}
