package import Glibc

/// Which signals threads block.
package enum SignalMask {
  /// What the kernel raises for a fault of the thread itself (and `abort`). Blocked, they would end the process all the
  /// same, but without the runtime's report of where it happened.
  private static let faults = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS]

  /// Every signal but the faults, SIGKILL and SIGSTOP, which can't be blocked.
  package static var all: sigset_t {
    var mask = sigset_t()
    sigfillset(&mask)
    for fault in faults { sigdelset(&mask, fault) }
    return mask
  }
}
