import Clocks
import DocumentStore
import DumpDirectory
package import DumpFormat
import Foundation
import Glibc
import JSON
import Persistence
import Synchronization

/// Plays a small workload again and again, each time with one fault at one of its numbered calls of the volume.
///
/// The workload changes, dumps, restores, prunes and hands over. Nothing acknowledged may be lost, each refusal has a
/// reason, and everything works when the fault is over.
package struct FaultSweep {
  /// A fault at a call.
  package struct Fault: Sendable, CustomStringConvertible {
    /// Its name in messages.
    package let description: String
    let fault: FileFault?
    /// Whether all later calls have the fault, too, until the volume is put right.
    let lasts: Bool
    /// The time for which the call hangs.
    var hang = Duration.zero

    private init(_ name: String, _ fault: FileFault?, lasts: Bool) {
      (description, self.fault, self.lasts) = (name, fault, lasts)
    }

    /// Each errno of a volume, at one call and at all later ones; short writes; answers that are lost.
    package static let errors: [Fault] = [false, true].flatMap { lasts -> [Fault] in
      let end = lasts ? " from then on" : ""
      let numbers = [("ENOSPC", ENOSPC), ("EIO", EIO), ("EDQUOT", EDQUOT), ("ESTALE", ESTALE)]
      return numbers.map { Fault($0 + end, .refused($1), lasts: lasts) } + [
        Fault("a short write" + end, .short(ENOSPC), lasts: lasts),
        Fault("a lost answer" + end, .late(EIO), lasts: lasts),
      ]
    }

    /// A call that hangs for some time.
    package static func hang(_ time: Duration) -> Fault {
      var fault = Fault("a call that hangs", nil, lasts: false)
      fault.hang = time
      return fault
    }

    /// Writes that are lost without an error. No program can keep anything then: it shows that the sweep looks.
    package static let silent = Fault("lost writes", .silent, lasts: true)
  }

  /// The outcome of some workloads.
  package struct Outcome: Sendable {
    /// Workloads.
    package var runs = 0
    /// Acknowledged changes.
    package var acknowledged = 0
    /// Refused changes, dumps and the like, each with a reason.
    package var refused = 0
    /// Broken promises.
    package var violations: [String] = []

    /// Begins with none.
    package init() {}
  }

  /// The number of calls of a workload without a fault.
  package static func calls(format: DumpFormatName) async throws -> Int {
    var workload = try FaultedWorkload(call: 0, Fault.errors[0], format)
    defer { workload.remove() }
    let outcome = try await workload.play()
    guard outcome.violations.isEmpty, outcome.refused == 0 else {
      throw CrashWorkload.Refused(outcome: "\(outcome.violations) without a fault")
    }
    return workload.operations.count
  }

  /// Plays a workload for each pair of a call and a fault, several at a time.
  package static func run(
    _ pairs: [(call: Int, fault: Fault)], format: DumpFormatName, jobs: Int = 16
  ) async throws -> Outcome {
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      var (total, next) = (Outcome(), pairs[...])
      for _ in 0..<jobs { if let pair = next.popFirst() { group.addTask { try await run(pair, format) } } }
      while let outcome = try await group.next() {
        total.runs += outcome.runs
        total.acknowledged += outcome.acknowledged
        total.refused += outcome.refused
        total.violations += outcome.violations
        if let pair = next.popFirst() { group.addTask { try await run(pair, format) } }
      }
      return total
    }
  }

  private static func run(_ pair: (call: Int, fault: Fault), _ format: DumpFormatName) async throws -> Outcome {
    var workload = try FaultedWorkload(call: pair.call, pair.fault, format)
    defer { workload.remove() }
    var outcome = FaultSweep.Outcome()
    do {
      outcome = try await workload.play()
    } catch let refused as CrashWorkload.Refused {
      outcome.violations = ["a start is refused: \(refused.outcome)"]
    }
    let kind = workload.operations.kind
    outcome.violations = outcome.violations.map { "call \(pair.call) (\(kind)), \(pair.fault): \($0)" }
    return outcome
  }
}

/// The kernel's operations, of which one has a fault.
final class SweptOperations: FaultyOperations {
  private struct State {
    var count = 0
    var kind = "none"
    var isHealed = false
    var whenHung: (@Sendable (FileCall, Duration) -> Void)?
    var violations: [String] = []
  }

  private let call: Int
  private let planned: FaultSweep.Fault
  private let state = Mutex(State())

  init(call: Int, _ fault: FaultSweep.Fault) { (self.call, planned) = (call, fault) }

  var count: Int { state.withLock { $0.count } }

  /// The kind of the call with the fault, and its file's kind.
  var kind: String { state.withLock { $0.kind } }

  /// Whether the fault stays until `heal`.
  var lasts: Bool { planned.lasts }

  var violations: [String] { state.withLock { $0.violations } }

  func violate(_ sentence: String) { state.withLock { $0.violations.append(sentence) } }

  /// Sets what is called in a call that has hung, with the time.
  func whenHung(_ body: @escaping @Sendable (FileCall, Duration) -> Void) { state.withLock { $0.whenHung = body } }

  func heal() { state.withLock { $0.isHealed = true } }

  func fault(_ call: FileCall) -> FileFault? {
    let isFaulty = state.withLock { state in
      state.count += 1
      if state.count == self.call { state.kind = "\(call.kind.rawValue) \(call.path.split(separator: "/").last ?? "")" }
      return !state.isHealed && self.call > 0 && (planned.lasts ? state.count >= self.call : state.count == self.call)
    }
    guard isFaulty else { return nil }
    if planned.hang > .zero {
      let deadline = Deadline(in: planned.hang)
      while !deadline.isOver { usleep(1000) }
      state.withLock { $0.whenHung }?(call, planned.hang)
    }
    return planned.fault
  }
}
