import TestSupport
import Testing
import TortureModel

@Suite("The check of calls on two tasks")
struct CallCheckTests {
  private static func isExplained(_ calls: [Call]) -> Bool {
    let result = CallCheck.check(calls)
    return result.faults.isEmpty && result.undecided.isEmpty
  }

  private static func create(_ value: String, by connection: Int = 1, from begun: Double, to ended: Double?) -> Call {
    Call("k", connection, .create, value, from: begun, to: ended, ended == nil ? .unknown : .done)
  }

  private static func update(_ value: String, by connection: Int = 1, from begun: Double, to ended: Double?) -> Call {
    Call("k", connection, .update, value, from: begun, to: ended, ended == nil ? .unknown : .done)
  }

  private static func read(
    _ value: String?, by connection: Int, from begun: Double, to ended: Double, isStrict: Bool = false
  ) -> Call {
    Call("k", connection, .read, from: begun, to: ended, .found(value), isStrict: isStrict)
  }

  @Test("takes a read of an older state for right, unless it must be current")
  func stale() {
    let calls = [Self.create("a", from: 0, to: 1), Self.update("b", from: 2, to: 3)]
    for value in [nil, "a", "b"] {
      #expect(Self.isExplained(calls + [Self.read(value, by: 2, from: 4, to: 5)]))
      #expect(Self.isExplained(calls + [Self.read(value, by: 2, from: 4, to: 5, isStrict: true)]) == (value == "b"))
    }
    #expect(!Self.isExplained(calls + [Self.read("c", by: 2, from: 4, to: 5)]), "nobody wrote it")
    #expect(!Self.isExplained(calls + [Self.read("b", by: 2, from: 0, to: 1.5)]), "it is written later")
  }

  @Test("finds a read that goes back on its connection, and one that misses the connection's own change")
  func monotonic() {
    let calls = [Self.create("a", from: 0, to: 1), Self.update("b", from: 2, to: 3)]
    let newer = Self.read("b", by: 2, from: 4, to: 5)
    #expect(!Self.isExplained(calls + [newer, Self.read("a", by: 2, from: 6, to: 7)]))
    #expect(Self.isExplained(calls + [newer, Self.read("a", by: 3, from: 6, to: 7)]), "another connection")
    #expect(!Self.isExplained(calls + [Self.read("a", by: 1, from: 6, to: 7)]), "its own change was b")
    #expect(!Self.isExplained(calls + [Self.read(nil, by: 1, from: 6, to: 7)]))
  }

  @Test("finds reads of two connections that saw two changes in different orders")
  func orders() {
    let calls = [
      Self.create("z", from: 0, to: 1), Self.update("a", by: 1, from: 2, to: 9),
      Self.update("b", by: 2, from: 2, to: 9),
    ]
    let one = [Self.read("a", by: 3, from: 3, to: 4), Self.read("b", by: 3, from: 5, to: 6)]
    let other = [Self.read("b", by: 4, from: 3, to: 4), Self.read("a", by: 4, from: 5, to: 6)]
    #expect(Self.isExplained(calls + one) && Self.isExplained(calls + other))
    #expect(!Self.isExplained(calls + one + other))
  }

  @Test("finds a lost change, and one that was made twice")
  func changes() {
    let create = Self.create("a", from: 0, to: 1)
    #expect(!Self.isExplained([create, Self.create("b", by: 2, from: 2, to: 3)]), "the first one is lost")
    #expect(Self.isExplained([create, Self.create("b", by: 2, from: 0.5, to: 3)]) == false)
    let refused = Call("k", 2, .create, "b", from: 2, to: 3, .exists)
    #expect(Self.isExplained([create, refused]))
    #expect(!Self.isExplained([create, refused, Self.read("b", by: 3, from: 4, to: 5)]), "a refused change was made")
    #expect(!Self.isExplained([create, Call("k", 2, .update, "b", from: 2, to: 3, .missing)]))
    let deleted = Call("k", 1, .delete, from: 2, to: 3, .done)
    #expect(Self.isExplained([create, deleted, Self.create("b", by: 2, from: 4, to: 5)]))
    #expect(!Self.isExplained([create, deleted, Call("k", 2, .delete, from: 4, to: 5, .done)]))
  }

  @Test("lets a call of unknown outcome act at any time after its beginning, or never")
  func unknown() {
    let calls = [Self.create("a", from: 0, to: 1), Self.update("b", by: 2, from: 2, to: nil)]
    for value in ["a", "b"] {
      #expect(Self.isExplained(calls + [Self.read(value, by: 3, from: 9, to: 10, isStrict: true)]))
    }
    let late = [Self.read("a", by: 3, from: 9, to: 10, isStrict: true), Self.read("b", by: 3, from: 11, to: 12)]
    #expect(Self.isExplained(calls + late))
    #expect(!Self.isExplained(calls + late + [Self.read("a", by: 4, from: 13, to: 14, isStrict: true)]))
    #expect(!Self.isExplained(calls + [Self.read("b", by: 3, from: 1, to: 1.5)]), "before its beginning")
  }

  @Test("explains every history of tasks without a fault")
  func sound() {
    var calls = 0
    for seed in 0..<60 as Range<UInt64> {
      let history = CallSimulation.history(randomness: SeededGenerator(seed: seed))
      let result = CallCheck.check(history)
      #expect(result.faults.isEmpty && result.undecided.isEmpty, "seed \(seed): \(result.faults.first?.lines ?? [])")
      calls += result.calls
    }
    #expect(calls > 5_000)
  }

  @Test("finds each fault that is put in", arguments: CallSimulation.Fault.allCases)
  func faults(fault: CallSimulation.Fault) {
    var found = 0
    for seed in 0..<30 as Range<UInt64> {
      let history = CallSimulation.history(fault, randomness: SeededGenerator(seed: seed))
      let result = CallCheck.check(history)
      if let first = result.faults.first {
        found += 1
        // The calls that are shown are enough to be a fault by themselves.
        #expect(!CallCheck.check(first.calls).faults.isEmpty)
        #expect(first.calls.count <= history.count && first.lines.count > 1)
      }
    }
    #expect(found >= 2, "\(fault): \(found) of 30 histories")
  }
}
