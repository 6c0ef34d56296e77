import Glibc

/// A signal by its number.
package struct Signal: Hashable, Sendable, CustomStringConvertible {
  /// The number of the signal.
  package let number: Int32

  /// A signal of this number.
  package init(_ number: Int32) {
    self.number = number
  }

  /// Whether it asks the process to stop: SIGTERM of an orchestrator, SIGINT and SIGQUIT of a terminal.
  package var stops: Bool { [SIGTERM, SIGINT, SIGQUIT].contains(number) }

  /// `SIGTERM`, `SIGRTMIN+3`.
  package var description: String {
    let names = [
      SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2",
      SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGSTKFLT: "SIGSTKFLT", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
      SIGVTALRM: "SIGVTALRM", SIGPROF: "SIGPROF", SIGIO: "SIGIO", SIGPWR: "SIGPWR", SIGPIPE: "SIGPIPE",
    ]
    let firstRealTime = __libc_current_sigrtmin()
    return names[number] ?? (number >= firstRealTime ? "SIGRTMIN+\(number - firstRealTime)" : "signal \(number)")
  }
}

/// A thread that takes the signals of the process, so that one that comes while everything else hangs is heard too.
///
/// No signal then ends the process but the kernel's own faults and SIGKILL.
package enum SignalListener {
  /// Starts the thread. The calling thread, and every thread that it starts later, blocks the signals from then on.
  ///
  /// - Parameter handle: called on that thread for one signal after another, also for those that came before. It must
  ///   not block.
  package static func start(_ handle: @escaping @Sendable (Signal) -> Void) throws(ThreadError) {
    SignalMask.block()
    var mask = SignalMask.ending
    for number in 1...__libc_current_sigrtmax() where sigismember(&mask, number) == 1 {
      // A write then fails with EPIPE or EFBIG instead. They are raised by the thread's own calls.
      let isIgnored = number == SIGPIPE || number == SIGXFSZ
      // One that the parent ignores may not reach `sigwait` (POSIX leaves that open); one that has a handler does.
      signal(number, isIgnored ? SIG_IGN : { _ in })
    }
    try SystemThread.start {
      while true {
        var mask = SignalMask.ending
        var number: Int32 = 0
        if sigwait(&mask, &number) == 0 { handle(Signal(number)) }
      }
    }
  }
}
