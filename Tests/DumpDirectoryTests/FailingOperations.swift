import CrashPoints
import Glibc
import Synchronization

@testable import DumpDirectory

/// The kernel's operations, of which the N-th fails. If the process dies there, all later ones fail too.
final class FailingOperations: FaultyOperations {
  private let failing: Int
  private let number: Int32
  private let dies: Bool
  private let done = Mutex<[String]>([])

  /// Creates the operations.
  ///
  /// - Parameters:
  ///   - failing: the number of the failing operation, from 1; 0 lets all succeed.
  ///   - number: the errno of the failure.
  ///   - dies: whether all later operations fail too, even those that clean up.
  init(failing: Int, errno number: Int32 = ENOSPC, dies: Bool = false) {
    self.failing = failing
    self.number = number
    self.dies = dies
  }

  var count: Int { log.count }

  /// The operations so far, such as `fsync /data/x`.
  var log: [String] { done.withLock { $0 } }

  func fault(_ call: FileCall) -> FileFault? {
    // A failure that only affects cleaning up does not fail a dump. Other tests cover it.
    if call.kind == .unlink { return dies && count >= failing ? .refused(number) : nil }
    let present = done.withLock { log in
      log.append("\(call.kind.rawValue) \(call.path)")
      return log.count
    }
    return present == failing || dies && present > failing ? .refused(number) : nil
  }
}
