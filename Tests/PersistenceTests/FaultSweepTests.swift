import CrashPoints
import DumpFormat
import Testing

@Suite("A fault of one call of the volume")
struct FaultSweepTests {
  @Test("loses nothing acknowledged, refuses with a reason, and is over when the volume is right again")
  func sweep() async throws {
    let calls = try await FaultSweep.calls(format: .dmp2)
    #expect(calls > 40)
    // A share of the pairs, in which each call and each fault occurs. The torture test has all of them.
    let faults = FaultSweep.Fault.errors + [.hang(.milliseconds(20))]
    let pairs = (1...calls).map { (call: $0, fault: faults[$0 * 5 % faults.count]) }
    let outcome = try await FaultSweep.run(pairs, format: .dmp2)
    #expect(outcome.violations == [])
    #expect(outcome.runs == calls)
    #expect(outcome.refused > calls / 4)
  }

  @Test("is shown by a start after it when the volume hides it")
  func silent() async throws {
    // A call that the workload can do without shows nothing. A start that is refused is a violation, too. An error that
    // is thrown would be one of the sweep, and fails this test.
    var shown = 0
    for call in 8...16 {
      let outcome = try await FaultSweep.run([(call: call, fault: .silent)], format: .dmp2)
      if outcome.violations.contains(where: { $0.contains("lost writes: a start ") }) { shown += 1 }
    }
    #expect(shown > 0)
  }
}
