import DumpDirectory
import Testing

@testable import GatehouseServer

@Suite("A read while the lease changes hands")
struct HandOverReadTests {
  private static func record(isReleased: Bool) -> LeaseRecord {
    LeaseRecord(holder: LeaseHolder.current(), epoch: 4, renewal: 1, isReleased: isReleased)
  }

  @Test("waits for a take-over where this task took the lease or nobody has it, and nowhere else")
  func roles() {
    #expect(LeaseRole.holding(epoch: 5).changesHands)
    #expect(LeaseRole.standby(holder: Self.record(isReleased: true)).changesHands)
    #expect(!LeaseRole.standby(holder: Self.record(isReleased: false)).changesHands)
    for role in [LeaseRole.standby(holder: nil), .unknown, .ended] { #expect(!role.changesHands) }
  }
}
