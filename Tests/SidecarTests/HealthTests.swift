import DumpDirectory
import DumpFormat
import DumpReports
import Testing
import Threads

@testable import Sidecar

@Suite("Health")
struct HealthTests {
  @Test("tells healthy from unhealthy")
  func faults() {
    let entry = { (verification: Verification?) in
      KnownDump(entry: DumpEntry(path: "/x/a.bin"), identity: nil, verification: verification)
    }
    let good = Verification.good(
      .init(header: DumpHeader(createdAt: "1970-01-01T00:10:00Z"), documents: 1, sha256: "", collections: []))
    #expect(Health(.done([]), maximumAge: 5, now: 1000).isWell)
    #expect(Health(.done([entry(good)]), maximumAge: nil, now: 100_000).isWell)
    #expect(Health(.done([entry(good)]), maximumAge: 400, now: 1000).isWell)
    #expect(!Health(.done([entry(good)]), maximumAge: 399, now: 1000).isWell)
    #expect(!Health(.done([entry(.damaged("x")), entry(good)]), maximumAge: nil, now: 1000).isWell)
    #expect(Health(.done([entry(nil), entry(good)]), maximumAge: nil, now: 1000).isWell)
    #expect(!Health(.done([entry(nil)]), maximumAge: 10, now: 1000).isWell)
    #expect(!Health(.late, maximumAge: nil, now: 1000).isWell)
  }
}
