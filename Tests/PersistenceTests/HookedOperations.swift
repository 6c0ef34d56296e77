import CrashPoints
import DumpDirectory
import Glibc

/// The kernel's operations, with a function that is called before each.
struct HookedOperations: FaultyOperations {
  private let before: @Sendable (String) -> Void

  /// Creates the operations.
  ///
  /// - Parameter before: receives the name of the operation, such as `fsync`.
  init(_ before: @escaping @Sendable (String) -> Void) {
    self.before = before
  }

  func fault(_ call: FileCall) -> FileFault? {
    before(call.kind.rawValue)
    return nil
  }
}

/// The kernel's operations, whose writes fail for want of space when asked to. A full volume takes a part.
struct RefusingOperations: FaultyOperations {
  let isFull: @Sendable () -> Bool

  func fault(_ call: FileCall) -> FileFault? { call.isWrite && isFull() ? .short(ENOSPC) : nil }
}
