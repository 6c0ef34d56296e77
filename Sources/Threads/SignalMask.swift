package import Glibc

/// The signals that threads block.
///
/// Nothing here needs the Swift runtime: `block` runs before it is set up.
package enum SignalMask {
  /// Every signal but the kernel's own faults (and `abort`). Blocked, a fault would end the process all the same, but
  /// without the runtime's report of where it happened.
  package static var all: sigset_t {
    var mask = sigset_t()
    sigfillset(&mask)
    sigdelset(&mask, SIGILL)
    sigdelset(&mask, SIGTRAP)
    sigdelset(&mask, SIGABRT)
    sigdelset(&mask, SIGBUS)
    sigdelset(&mask, SIGFPE)
    sigdelset(&mask, SIGSEGV)
    sigdelset(&mask, SIGSYS)
    return mask
  }

  /// Every signal that ends a process unless it is taken, without the faults. The rest stops a process, or does
  /// nothing.
  package static var ending: sigset_t {
    var mask = all
    sigdelset(&mask, SIGCHLD)
    sigdelset(&mask, SIGCONT)
    sigdelset(&mask, SIGURG)
    sigdelset(&mask, SIGWINCH)
    sigdelset(&mask, SIGTSTP)
    sigdelset(&mask, SIGTTIN)
    sigdelset(&mask, SIGTTOU)
    return mask
  }

  /// Holds back the signals that end a process. Threads that start later inherit that; signals that come wait until a
  /// `SignalListener` takes them.
  package static func block() {
    var mask = ending
    pthread_sigmask(SIG_BLOCK, &mask, nil)
  }

  /// Lets signals end the process again, for a command that has nothing to lose.
  package static func unblock() {
    var mask = ending
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
  }
}
