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
    let entry = { (verification: Verification<GoodDump>?) in
      KnownDump(entry: DumpEntry(path: "/x/a.bin"), identity: nil, verification: verification)
    }
    let good = Verification.good(
      GoodDump(header: DumpHeader(createdAt: "1970-01-01T00:10:00Z"), documents: 1, sha256: "", collections: []))
    #expect(Health(.done(.init(dumps: [])), maximumAge: 5, now: 1000).isWell)
    #expect(Health(.done(.init(dumps: [entry(good)])), maximumAge: nil, now: 100_000).isWell)
    #expect(Health(.done(.init(dumps: [entry(good)])), maximumAge: 400, now: 1000).isWell)
    #expect(!Health(.done(.init(dumps: [entry(good)])), maximumAge: 399, now: 1000).isWell)
    #expect(!Health(.done(.init(dumps: [entry(.damaged("x")), entry(good)])), maximumAge: nil, now: 1000).isWell)
    #expect(Health(.done(.init(dumps: [entry(nil), entry(good)])), maximumAge: nil, now: 1000).isWell)
    #expect(!Health(.done(.init(dumps: [entry(nil)])), maximumAge: 10, now: 1000).isWell)
    #expect(!Health(.late, maximumAge: nil, now: 1000).isWell)
    // On standby the age is the business of the writer's sidecar, and a damaged dump is not.
    for dumps in [[entry(good)], [entry(nil)]] {
      #expect(Health(.done(.init(dumps: dumps)), maximumAge: 10, now: 1000) { true }.isWell)
      #expect(!Health(.done(.init(dumps: dumps)), maximumAge: 10, now: 1000) { false }.isWell)
    }
    #expect(!Health(.done(.init(dumps: [entry(.damaged("x"))])), maximumAge: nil, now: 1000) { true }.isWell)
  }

  @Test("fails for a journal that a restore needs, when it is damaged or missing")
  func journals() throws {
    let order = DumpOrder(epoch: 1, sequence: 2)
    let dump = KnownDump(
      entry: DumpEntry(path: "/x/a.bin"), identity: nil,
      verification: .good(
        .init(
          header: DumpHeader(createdAt: "1970-01-01T00:10:00Z", order: order), documents: 1, sha256: "",
          collections: [])))
    func health(_ sequence: Int, _ verification: Verification<GoodJournal>?, gap: String? = nil) throws -> Health {
      let number = try #require(JournalNumber(epoch: 1, sequence: sequence))
      let journal = KnownJournal(
        entry: JournalEntry(name: "j", path: "/x/j", number: number), identity: nil, header: nil, isEnded: true,
        verification: verification)
      return Health(.done(.init(dumps: [dump], journals: [journal], gap: gap)), maximumAge: nil, now: 1000)
    }
    #expect(try health(2, nil).isWell)
    #expect(try health(2, .damaged("x")).faults == ["the journal 'j' does not verify: x"])
    #expect(try health(1, .damaged("x")).isWell)
    #expect(try health(2, nil, gap: "it is gone").faults == ["it is gone"])
  }
}
